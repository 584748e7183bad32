"""What changes a user, so that what hangs on it changes with it; and whether she takes work."""

from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.availability import Presence, State, may_set
from accounts.members import named
from accounts.models import Availability, User
from fhir.actions import check_writer
from fhir.actor import Actor, Role
from fhir.errors import BusinessRuleViolation, Forbidden

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
    user.groups.add(Group.objects.get(name=role.value))
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


@transaction.atomic
def set_availability(
    reference: str,
    state: str,
    *,
    until: datetime | None = None,
    delegate: str = "",
    actor: Actor,
    at: datetime,
) -> Presence:
    """Say that somebody is on, off or on leave. Her open Tasks stay: tasks.absence moves them.

    Raises Forbidden (403) for whoever has no say in it, and BusinessRuleViolation (422) for an end
    that has passed, and for a delegate who cannot take over.
    """
    check_writer(actor)
    if not may_set(actor, reference, at=at):
        raise Forbidden(_("Only she, a coordinator of her pools or an admin can say this."))
    state = State(state)
    check_availability(reference, state, until=until, delegate=delegate, at=at)
    Availability.objects.update_or_create(
        practitioner=reference,
        defaults={
            "state": state,
            "until": until,
            "delegate": delegate,
            "changed_by": actor.name,
            "changed_at": at,
        },
    )
    return Presence.at(state, until, delegate, at=at)


def check_availability(
    reference: str, state: str, *, until: datetime | None, delegate: str, at: datetime
) -> None:
    """Raise BusinessRuleViolation (422) for an end that has passed, or one who cannot take over."""
    if until is not None and until <= at:
        raise BusinessRuleViolation(_("This time has passed already: choose a later one."))
    if not delegate:
        return
    if state != State.LEAVE:
        raise BusinessRuleViolation(_("Somebody takes over only while she is on leave."))
    if delegate == reference:
        raise BusinessRuleViolation(_("Somebody else has to take over."))
    found = named([delegate], at=at)
    if not found:
        raise BusinessRuleViolation(_("Who takes over must be one who signs in here."))
    if found[0].presence.state is State.LEAVE:
        raise BusinessRuleViolation(
            _("%(name)s is on leave too, and cannot take over.") % {"name": found[0].name}
        )
