"""Which pool a role's codes lead to, and who is in it.

A pool is a row with a Django group; the group's guardian permissions on pools say what its members
see and claim from. Membership follows the active PractitionerRoles of the moment: `accounts.identity`
reads it at each request.
"""

from typing import NamedTuple

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.text import slugify

from accounts.care_team_roles import CARE_TEAM_ROLES
from fhir import sql
from fhir.actor import Role
from fhir.datatypes import codings, display_of
from fhir.once import once

POOL_PERMISSIONS = ("view_pool", "claim_pool", "assign_pool")

MEMBERSHIP = """
  select g.user_id, o.content_object_id as pool_id
  from accounts_poolgroupobjectpermission o
  join auth_permission p on p.id = o.permission_id and p.codename = 'view_pool'
  join (
    select u.id as user_id, m.group_id from accounts_user u
    join accounts_practitionerrole r on r.practitioner = u.reference
    join accounts_pool m on m.id = any(r.pool_ids)
    where u.reference <> '' and r.active and not r.deleted
      and r.period_start <= {at} and r.period_end > {at}
    union all
    select ug.user_id, ug.group_id from accounts_user_groups ug) g on g.group_id = o.group_id
"""
"""Who is in which pool at the instant {at}, as rows (user_id, pool_id) that may come twice.

The one definition of a member: every active PractitionerRole in its period leads to the pools of its
codes, and these pools' groups, or groups of the user's own, to the pools that they may view
(guardian's permission rows).
"""


def create_roles_and_pools(**signal) -> None:
    """The five roles, and a pool for each care team role, as far as they are not there."""
    for role in Role:
        Group.objects.get_or_create(name=role.value)
    Pool = apps.get_model("accounts", "Pool")
    known = set(Pool.objects.values_list("slug", flat=True))
    for each in CARE_TEAM_ROLES:
        if each.slug not in known:
            create_pool(each.name, each.codes, each.slug)


def codes_of(concepts: list[dict]) -> list[str]:
    """Every coding of some CodeableConcepts, as `system|code`."""
    return [f"{system or ''}|{code}" for system, code in codings(concepts)]


class PoolRules(NamedTuple):
    """A pool, and whether it has rules about who may be given its Tasks."""

    id: int
    refuses_unserved: bool
    """Whether it refuses what nobody in it can do."""
    restricts_claims: bool
    """Whether a member of it may be kept from claiming, by a licence or a limit: hardly ever."""


RESTRICTS_CLAIMS = (
    "(p.requires_licence or p.member_limit is not null"
    " or exists (select 1 from accounts_memberlimit l where l.pool_id = p.id))"
)


def pool_ids(codes: list[str]) -> list[int]:
    """The pools that any of the codes leads to, in the order of the codes."""
    return [each.id for each in pools_of_codes(codes)]


def pools_of_codes(codes: list[str]) -> list[PoolRules]:
    """The same, with their rules."""
    return _pools_of_codes(tuple(codes)) if codes else []


@once
def _pools_of_codes(codes: tuple[str, ...]) -> list[PoolRules]:
    rows = sql.rows(
        f"select id, refuses_unserved, {RESTRICTS_CLAIMS} from accounts_pool p"
        " where p.codes && %s::varchar[]"
        " order by (select min(array_position(%s::varchar[], c)) from unnest(p.codes) c), id",
        ([*codes], [*codes]),
    )
    return [PoolRules(*row) for row in rows]


def restricts_claims(pool_ids: list[int]) -> bool:
    """Whether a member of any of these pools may be kept from claiming."""
    return bool(pool_ids) and bool(
        sql.rows(
            "select 1 from accounts_pool p"
            f" where p.id = any(%s::bigint[]) and {RESTRICTS_CLAIMS} limit 1",
            (pool_ids,),
        )
    )


@once
def pools_known() -> dict[int, tuple[str, list[str]]]:
    """Every pool: its name and its codes."""
    rows = sql.rows("select id, name, codes from accounts_pool order by id")
    return {pool_id: (name, codes) for pool_id, name, codes in rows}


def pool_names(codes: list[str]) -> list[str]:
    """What the pools are called that any of the codes leads to."""
    known = pools_known()
    return [known[each][0] for each in pool_ids(codes) if each in known]


def pools_of_role(document: dict) -> list[int]:
    """The pools of a PractitionerRole; a code that leads to none yet gets a pool of its own."""
    for concept in document.get("code", []):
        codes = codes_of([concept])
        if codes and not pool_ids(codes):
            create_pool(display_of(concept), codes)
    return pool_ids(codes_of(document.get("code", [])))


def create_pool(name: str, codes: list[str], slug: str = ""):
    """A pool whose members may view it and claim from it."""
    Pool = apps.get_model("accounts", "Pool")
    PoolGroupObjectPermission = apps.get_model("accounts", "PoolGroupObjectPermission")
    base = slug or slugify(name)[:40] or "pool"
    taken = set(Pool.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = next(
        s for n in range(1, len(taken) + 2) if (s := base if n == 1 else f"{base}-{n}") not in taken
    )
    group = Group.objects.create(name=f"pool: {slug}")
    pool = Pool.objects.create(slug=slug, name=name, codes=codes, group=group)
    _pools_of_codes.cache_clear()
    permissions = Permission.objects.filter(
        content_type__app_label="accounts", codename__in=POOL_PERMISSIONS
    )
    PoolGroupObjectPermission.objects.bulk_create(
        PoolGroupObjectPermission(content_object=pool, group=group, permission=permission)
        for permission in permissions
    )
    codes_moved(codes)
    return pool


_followers: list = []


def follow_codes(follower) -> None:
    """Have `follower(codes)` called in the transaction that makes codes lead to another pool."""
    _followers.append(follower)


def save_codes(pool) -> None:
    """Save a pool whose codes may be others now, and let what was routed by codes follow."""
    Pool = apps.get_model("accounts", "Pool")
    with transaction.atomic():
        before = Pool.objects.get(pk=pool.pk).codes
        pool.save()
        codes_moved({*before} ^ {*pool.codes})


def codes_moved(codes) -> None:
    for follower in _followers if codes else ():
        follower(sorted(codes))
