"""Signing in and out."""

from django.urls import path

from accounts.profile import PasswordChange
from accounts.views import SignIn, SignOut

app_name = "accounts"
urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", SignOut.as_view(), name="logout"),
    path("password/", PasswordChange.as_view(), name="password"),
]
