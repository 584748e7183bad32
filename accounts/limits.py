"""How many open Tasks a member of a pool may have: what a coordinator says of the members of hers."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.members import named
from accounts.models import MemberLimit
from fhir.actions import check_writer
from fhir.actor import Actor, Role
from fhir.errors import BusinessRuleViolation, Forbidden

MOST = 999


def may_limit(actor: Actor, pool_id: int) -> bool:
    """An admin, or who coordinates the pool. Nobody sets her own by being a member."""
    return actor.role is Role.ADMIN or (
        actor.role is Role.COORDINATOR and pool_id in actor.coordinates
    )


@transaction.atomic
def set_limits(
    reference: str, limits: Mapping[int, int | None], *, actor: Actor, at: datetime
) -> None:
    """Of each pool: so many open Tasks, or None for as many as the pool says. What she has she keeps.

    Raises Forbidden (403) for a pool that is none of the actor's, BusinessRuleViolation (422) for one
    that she is no member of, and for what is no limit.
    """
    check_writer(actor)
    if not all(may_limit(actor, pool_id) for pool_id in limits):
        raise Forbidden(_("Only a coordinator of the pool or an admin can set its limits."))
    found = named([reference], at=at)
    if not found or not limits.keys() <= found[0].limits.keys():
        raise BusinessRuleViolation(_("Only a member of the pool has a limit in it."))
    for pool_id, limit in limits.items():
        if limit is None:
            MemberLimit.objects.filter(pool_id=pool_id, practitioner=reference).delete()
        elif 0 <= limit <= MOST:
            MemberLimit.objects.update_or_create(
                pool_id=pool_id, practitioner=reference, defaults={"limit": limit}
            )
        else:
            raise BusinessRuleViolation(
                _("A limit is a number from 0 to %(most)s.") % {"most": MOST}
            )
