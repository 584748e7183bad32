"""What changes a user, so that what hangs on it changes with it."""

from collections.abc import Callable

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import User
from fhir.actor import Role

_followers: list[Callable[[User], None]] = []


def follow_reference(follower: Callable[[User], None]) -> None:
    """Have `follower(user)` called in the transaction that gives a user another reference.

    An app that keeps permission rows for users named by reference keeps them right with this.
    """
    _followers.append(follower)


@transaction.atomic
def create_user(
    username: str,
    *,
    role: Role,
    password: str | None = None,
    reference: str = "",
    display: str = "",
) -> User:
    """A user with one role. `display` is the full name; `reference` the user's FHIR resource."""
    first_name, _, last_name = display.rpartition(" ")
    user = User.objects.create_user(
        username,
        password=password,
        first_name=first_name,
        last_name=last_name,
        is_staff=role is Role.ADMIN,
        is_superuser=role is Role.ADMIN,
    )
    set_role(user, role)
    set_reference(user, reference)
    return user


@transaction.atomic
def set_reference(user: User, reference: str) -> None:
    user.reference = reference
    user.save(update_fields=["reference"])
    for follower in _followers:
        follower(user)


def set_role(user: User, role: Role) -> None:
    others = Group.objects.filter(name__in=[each.value for each in Role]).exclude(name=role.value)
    user.groups.remove(*others)
    user.groups.add(Group.objects.get(name=role.value))
