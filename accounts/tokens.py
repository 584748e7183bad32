"""Bearer tokens and API clients, as django-oauth-toolkit keeps them."""

import secrets
from datetime import timedelta

from django.utils import timezone
from oauth2_provider.models import AccessToken, Application

from accounts.models import User

DAYS = 365
"""How long a token of `manage.py api_token` lives when nothing else is said."""


def issue(user: User, *, scope: str = "", days: int | None = None) -> str:
    """A new bearer token for `user`. The server keeps it; revoke it by deleting it in the admin.

    `scope` is a list of SMART v2 scopes and only ever narrows what the user's role may do; "" does
    not narrow. `days` is its life.
    """
    token = secrets.token_urlsafe(32)
    AccessToken.objects.create(
        user=user,
        token=token,
        scope=scope,
        expires=timezone.now() + timedelta(days=DAYS if days is None else days),
    )
    return token


def create_client(name: str, user: User, *, secret: str | None = None) -> tuple[str, str]:
    """A confidential client that gets tokens for `user` by client credentials (POST /oauth2/token).

    Returns its id and secret; the secret is stored hashed only. A client of this name is replaced.
    """
    secret = secret or secrets.token_urlsafe(32)
    application, _ = Application.objects.update_or_create(
        name=name,
        defaults={
            "user": user,
            "client_type": Application.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": Application.GRANT_CLIENT_CREDENTIALS,
            "client_secret": secret,
        },
    )
    return application.client_id, secret
