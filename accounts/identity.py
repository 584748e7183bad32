"""Who is asking: an Actor from a bearer token or a session, in one prepared query.

Nothing is cached: a revoked token, a disabled user, a PractitionerRole that ended, all count from
the next request on.
"""

import hashlib
from dataclasses import replace

from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication, get_authorization_header

from accounts.models import User
from accounts.pools import MEMBERSHIP
from fhir import sql
from fhir.actor import Actor, Role
from fhir.errors import NotSignedIn

IDENTITY = """
select u.id, u.username, u.reference, trim(u.first_name || ' ' || u.last_name),
  u.is_superuser,
  array(select g.name from accounts_user_groups ug join auth_group g on g.id = ug.group_id
        where ug.user_id = u.id),
  array(select distinct m.pool_id from ({membership}) m where m.user_id = u.id order by 1),
  array(select c.pool_id from accounts_pool_coordinators c where c.user_id = u.id),
  {scopes}, {grant}
from {source}
where u.is_active and {condition}
"""
MEMBERSHIP_NOW = MEMBERSHIP.format(at="now()")
BY_TOKEN = IDENTITY.format(
    membership=MEMBERSHIP_NOW,
    scopes="t.scope",
    grant="coalesce('client:' || t.application_id, 'token:' || t.id)",
    # A client's own token (client credentials) names no user: it acts as the application's.
    source="oauth2_provider_accesstoken t"
    " left join oauth2_provider_application a on a.id = t.application_id and t.user_id is null"
    " join accounts_user u on u.id = coalesce(t.user_id, a.user_id)",
    condition="t.token_checksum = %s and t.expires > now()",
)
BY_USER = IDENTITY.format(
    membership=MEMBERSHIP_NOW,
    scopes="''",
    grant="''",
    source="accounts_user u",
    condition="u.id = %s",
)
BY_GRANT = IDENTITY.format(
    membership=MEMBERSHIP_NOW,
    scopes="''",
    grant="g.name",
    source="accounts_user u cross join (select %s::text as name) g",
    # Tokens of a client come and go: while the client is there, so is its grant.
    condition="u.id = %s and (g.name = '' or exists (select 1 from oauth2_provider_application a"
    " where g.name = 'client:' || a.id) or exists (select 1 from oauth2_provider_accesstoken t"
    " where g.name = 'token:' || t.id and t.expires > now()))",
)


def actor_of_token(token: str) -> Actor | None:
    checksum = hashlib.sha256(token.encode()).hexdigest()
    return _actor(sql.rows(BY_TOKEN, (checksum,)))


def actor_of(user: User) -> Actor | None:
    """None for a user that may not sign in (any more), or that has no role."""
    return _actor(sql.rows(BY_USER, (user.pk,)))


def actor_of_grant(user_id: int, grant: str, scopes: frozenset[str] | None) -> Actor | None:
    """Who once came with a grant, with the rights of now; None when either is no longer there."""
    found = _actor(sql.rows(BY_GRANT, (grant, user_id)))
    return found and replace(found, scopes=scopes)


def _actor(found: list[tuple]) -> Actor | None:
    if not found:
        return None
    [found] = found
    user_id, username, reference, display, superuser, groups, pools, coordinates = found[:8]
    scope, grant = found[8:]
    role = next((role for role in Role if role in groups), Role.ADMIN if superuser else None)
    if role is None:
        return None
    return Actor(
        user_id=user_id,
        username=username,
        role=role,
        reference=reference,
        display=display,
        pools=tuple(pools),
        coordinates=tuple(coordinates),
        scopes=frozenset(scope.split()) or None,
        grant=grant,
    )


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` (RFC 6750). The API takes no cookies, so it needs no CSRF token."""

    def authenticate(self, request):
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if not scheme:
            return None
        if scheme.lower() != b"bearer" or not token.strip():
            raise NotSignedIn("Send the token as `Authorization: Bearer …`.")
        try:
            actor = actor_of_token(token.strip().decode("ascii"))
        except UnicodeDecodeError:
            actor = None
        if actor is None:
            raise NotSignedIn("The bearer token is not known, has expired or was revoked.")
        return actor, None

    def authenticate_header(self, request):
        return NotSignedIn.headers["WWW-Authenticate"]


class ActorMiddleware:
    """`request.actor` for the pages: who is signed in, or None; read when it is first asked for."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.actor = SimpleLazyObject(
            lambda: actor_of(request.user) if request.user.is_authenticated else None
        )
        return self.get_response(request)
