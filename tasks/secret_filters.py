"""What a page is narrowed to and no URL may tell, for example a patient: a token stands for it.

The session holds what a token means, so it means nothing to another user and ends with the session.
Several tabs keep several at once; what was kept longest ago goes when there are too many.
"""

import secrets

from django.http import HttpRequest

MOST = 40
IN_SESSION = "secret_filters"


def keep(request: HttpRequest, kind: str, value: str) -> str:
    """The token of a value, for a URL; the same one again while it is remembered."""
    held = request.session.get(IN_SESSION, {})
    said = [kind, value]
    token = next((token for token, each in held.items() if each == said), None)
    token = token or secrets.token_urlsafe(16)
    others = [(each, meant) for each, meant in held.items() if each != token]
    # The session keeps the order: what was kept last stands last.
    request.session[IN_SESSION] = dict([*others, (token, said)][-MOST:])
    return token


def kept(request: HttpRequest, kind: str, token: str) -> str | None:
    """What a token stands for; None for one that this session does not know."""
    known, value = request.session.get(IN_SESSION, {}).get(token, ("", None))
    return value if known == kind else None
