"""The worklist as a browser asks for it: by a session, from a page that is open already."""

import re
import secrets
from functools import cache

from bench.clinic import POOLS, role_code

BASE = "/worklist"
SECRET = secrets.token_hex(16)
"""Of the protection against forged requests: the cookie and the header must agree."""


def headers(session: str, method: str) -> dict[str, str]:
    sent = {"Cookie": f"sessionid={session}; csrftoken={SECRET}"}
    if method == "POST":
        sent |= {
            "Content-Type": "application/x-www-form-urlencoded",
            "HX-Request": "true",
            "X-CSRFToken": SECRET,
        }
    return sent


@cache
def session(nurse: int) -> str:
    """The key of a new session of that nurse."""
    from django.test import Client

    from accounts.models import User

    client = Client()
    user = User.objects.get(username=f"staff-{nurse:05d}")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies["sessionid"].value


@cache
def slug(nurse: int) -> str:
    """Of the nurse's first pool."""
    from accounts.models import Pool

    return Pool.objects.get(codes__contains=[role_code(nurse % POOLS)]).slug


@cache
def poll(nurse: int) -> str:
    """The address that the open page of the nurse's pool asks every three seconds."""
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    client.cookies["sessionid"] = session(nurse)
    page = client.get(f"{BASE}/pool/{slug(nurse)}").content.decode()
    shown = ",".join(re.findall(r'data-id="([^"]+)"', page))
    [position] = re.findall(r'data-position="([^"]+)"', page)
    return f"{BASE}/changes?list=pool:{slug(nurse)}&since={position}&shown={shown}"
