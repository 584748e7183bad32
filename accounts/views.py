"""Signing in and out, and the idle lock. Throttling is django-axes' (config.settings)."""

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.lock import is_locked, lock_page, open_while_locked, page_to_return_to

SIGNED_IN = "signed_in"
"""A cookie that outlives the session, for the sign-in page to say that it has ended. It names
nobody, and only that page gets it."""


class SignIn(LoginView):
    """Wrong names and wrong passwords are answered alike: neither says which it was."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **context):
        ended = self.request.method == "GET" and bool(self.request.COOKIES.get(SIGNED_IN))
        return super().get_context_data(ended=ended, **context)

    def form_valid(self, form) -> HttpResponse:
        response = _see_other(super().form_valid(form).url)
        response.set_cookie(
            SIGNED_IN,
            "1",
            max_age=7 * settings.SESSION_COOKIE_AGE,
            path=self.request.path,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response


class SignOut(LogoutView):
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        response = _see_other(super().post(request, *args, **kwargs).url)
        response.delete_cookie(SIGNED_IN, path=reverse("accounts:login"))
        return response


sign_out = open_while_locked(SignOut.as_view())


@require_POST
def active(request: HttpRequest) -> HttpResponse:
    """The page says that somebody is there."""
    request.session.see(timezone.now())
    return HttpResponse(status=204)


@open_while_locked
@require_POST
def lock(request: HttpRequest) -> HttpResponse:
    """Lock now; the page that she is on then answers with the lock page."""
    request.session.lock()
    return _see_other(page_to_return_to(request))


@open_while_locked
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def unlock(request: HttpRequest) -> HttpResponse:
    """Back to where she was, for the password of whoever locked it and of nobody else."""
    now = timezone.now()
    if request.method == "GET" or not is_locked(request, now):
        return _see_other(page_to_return_to(request))
    found = authenticate(
        request,
        username=request.user.get_username(),
        password=request.POST.get("password", ""),
    )
    if found is None or found.pk != request.user.pk:
        return lock_page(request, wrong=True)
    request.session.unlock(now)
    return _see_other(page_to_return_to(request))


def _see_other(path: str) -> HttpResponse:
    """303: after a POST, the page to look at."""
    return HttpResponseRedirect(path, status=303)
