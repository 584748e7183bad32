"""Who signs in to the demo clinic, and the file that says with which passwords and tokens."""

import os
import secrets
import tempfile
from pathlib import Path

from django.db import transaction
from oauth2_provider.models import Application

from accounts import tokens
from accounts.actions import create_user
from accounts.identity import actor_of_token
from accounts.models import Pool, User
from fhir import json
from fhir.actor import Role
from fhir.errors import FhirError
from tasks.demo import pools
from tasks.demo.codes import POOLS
from tasks.demo.staff import OFFICE, STAFF, Member

ROLES = {"admin": Role.ADMIN, "auditor": Role.AUDITOR, "coordinator": Role.COORDINATOR}
"""Username → role; everyone else is a practitioner."""
CLIENT = "integration"


class NotTheDemo(Exception):
    """What is there was not made by the demo; the message is one sentence for the operator."""


def read(file: Path) -> dict:
    """The sign-ins of an earlier run; empty when there was none. Raises NotTheDemo."""
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, FhirError) as error:
        raise NotTheDemo(f"{file} cannot be read: delete it to get new sign-ins.") from error
    return found if isinstance(found, dict) else {}


def write(file: Path, content: dict) -> None:
    """For the eyes of this system's user only; whole, or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(json.dumps(content) + b"\n")
        os.replace(temporary, file)
    except BaseException:
        os.unlink(temporary)
        raise


def keep(known: dict, *, base: str) -> dict:
    """Make the users and clients that are missing; the sign-ins of all of them.

    `known` are those of an earlier run: what works of them stays as it is. Raises NotTheDemo for a
    user of one of our names who is somebody else.
    """
    is_new = not User.objects.filter(username="coordinator").exists()
    users = {
        member.username: _keep_user(member, known.get("users", {}).get(member.username, {}))
        for member in (*OFFICE, *STAFF)
    }
    if is_new:
        pools.set_up(actor_of_token(users["admin"]["token"]))
    client = _keep_client(known.get("clients", {}).get(CLIENT, {}))
    return {"base": base, "users": users, "clients": {CLIENT: client}}


@transaction.atomic
def _keep_user(member: Member, known: dict) -> dict:
    reference, role = f"Practitioner/{member.id}", ROLES.get(member.username, Role.PRACTITIONER)
    user = User.objects.filter(username=member.username).first()
    password = known.get("password") or secrets.token_urlsafe(12)
    if user is None:
        user = create_user(
            member.username,
            role=role,
            password=password,
            reference=reference,
        )
        user.first_name, user.last_name = member.user_names
        user.save(update_fields=["first_name", "last_name"])
        if role is Role.COORDINATOR:
            user.coordinated_pools.set(Pool.objects.filter(slug__in=POOLS))
    elif user.reference != reference:
        raise NotTheDemo(
            f"There is a user {member.username} who is not of the demo clinic:"
            " the demo needs an empty database."
        )
    elif not known:
        user.set_password(password)
        user.save(update_fields=["password"])
    token = known.get("token", "")
    if not token or actor_of_token(token) is None:
        token = tokens.issue(user)
    return {
        "username": member.username,
        "password": password,
        "token": token,
        "reference": reference,
        "role": role.value,
        "name": member.display,
    }


@transaction.atomic
def _keep_client(known: dict) -> dict:
    user = User.objects.filter(username=CLIENT).first()
    if user is None:
        user = create_user(CLIENT, role=Role.SERVICE, display="Integration")
    if known and Application.objects.filter(client_id=known.get("client_id"), user=user).exists():
        return known
    client_id, secret = tokens.create_client(CLIENT, user, secret=known.get("client_secret"))
    return {"client_id": client_id, "client_secret": secret}
