"""How the pools of the demo clinic are set up, and who is away this morning."""

from datetime import datetime, time, timedelta

from django.utils import timezone

from accounts.actions import set_availability
from accounts.models import MemberLimit, OpeningHours, Pool
from fhir.actor import Actor
from tasks.demo.staff import BY_USERNAME

WORKING_DAYS = range(5)
HOURS = {
    "care-coordinator": (range(6), time(7), time(19)),
    "medical-billing-specialist": (WORKING_DAYS, time(8), time(17)),
}
"""Slug → (days, opens, closes). Nurses and physicians are always there."""
LIMITS = {"nurse-practitioner": 16, "care-coordinator": 25}
"""Slug → open Tasks that a member may have. The others take what they can: whoever tries the clinic
out claims as much as she likes."""
MEMBER_LIMITS = {("cardiologist", "hana"): 9}
"""(pool, username) → limit: Dr. Sato works part-time, and has all that she may have."""
TO_CLAIM = {
    "registered-nurse": (5, 30, 120, 480),
    "nurse-practitioner": (10, 60, 240, 960),
    "doctor": (10, 60, 240, 960),
    "cardiologist": (10, 60, 480, 1440),
    "care-coordinator": (30, 120, 480, 1440),
    "medical-billing-specialist": (60, 240, 960, 2400),
}
"""Slug → minutes until a stat, asap, urgent and routine Task is to be claimed."""
LICENSED = ("nurse-practitioner",)


def set_up(admin: Actor) -> None:
    """Once, with the users: what an admin changes later stays as it is."""
    for pool in Pool.objects.filter(slug__in=TO_CLAIM):
        pool.member_limit = LIMITS.get(pool.slug)
        pool.requires_licence = pool.slug in LICENSED
        pool.sla_stat, pool.sla_asap, pool.sla_urgent, pool.sla_routine = TO_CLAIM[pool.slug]
        pool.save()
        days, opens, closes = HOURS.get(pool.slug, ((), None, None))
        for day in days:
            OpeningHours.objects.get_or_create(
                pool=pool, weekday=day, opens=opens, defaults={"closes": closes}
            )
    for (slug, username), limit in MEMBER_LIMITS.items():
        MemberLimit.objects.get_or_create(
            pool=Pool.objects.get(slug=slug),
            practitioner=BY_USERNAME[username].reference["reference"],
            defaults={"limit": limit},
        )
    now = timezone.now()
    set_availability(
        BY_USERNAME["priya"].reference["reference"],
        "off",
        until=_next_morning(now),
        actor=admin,
        at=now,
    )


def _next_morning(now: datetime) -> datetime:
    day = timezone.localtime(now).date() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(day, time(7)))
