"""Signing in and out, and the idle lock."""

from django.urls import path

from accounts import views
from accounts.profile import PasswordChange

app_name = "accounts"
urlpatterns = [
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("password/", PasswordChange.as_view(), name="password"),
    path("active", views.active, name="active"),
    path("lock", views.lock, name="lock"),
    path("unlock", views.unlock, name="unlock"),
]
