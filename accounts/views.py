"""Signing in and out. Throttling is django-axes' (config.settings)."""

from django.contrib.auth.views import LoginView, LogoutView


class SignIn(LoginView):
    """Wrong names and wrong passwords are answered alike: neither says which it was."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True


class SignOut(LogoutView):
    http_method_names = ["post", "options"]
