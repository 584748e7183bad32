"""The whole workflow: every status × every status, for those who may correct and those who may not.

The table below is written by hand from the R4 state machine and the task guides: not from
tasks.transitions, which it judges.
"""

import pytest

from fhir.actor import Actor, Role
from fhir.errors import Forbidden
from tasks.transitions import (
    CLAIMABLE,
    ENDED,
    FINAL,
    NOT_STARTED,
    OPEN,
    STARTED,
    TRANSITIONS,
    BadTransition,
    Status,
    can_follow,
    check_transition,
)

NURSE = Actor(user_id=1, username="nurse", role=Role.PRACTITIONER)
COORDINATOR = Actor(user_id=2, username="coordinator", role=Role.COORDINATOR)
ADMIN = Actor(user_id=3, username="admin", role=Role.ADMIN)
SERVICE = Actor(user_id=4, username="service", role=Role.SERVICE)

COLUMNS = (
    "draft", "requested", "received", "accepted", "rejected", "ready", "cancelled",
    "in-progress", "on-hold", "failed", "completed", "entered-in-error",
)  # fmt: skip
# x: anybody who may change the Task; e: an admin's correction; .: nobody; =: no change of status
TABLE = {
    "draft":            "= x x x . x x x x . . e",
    "requested":        ". = x x x x x x x x x e",
    "received":         ". x = x x x x x x x x e",
    "accepted":         ". x x = x x x x x x x e",
    "rejected":         ". . . . = . . . . . . e",
    "ready":            ". x x x x = x x x x x e",
    "cancelled":        ". . . . . . = . . . . e",
    "in-progress":      ". x . x . x x = x x x e",
    "on-hold":          ". x . x . x x x = x . e",
    "failed":           ". . . . . . . . . = . e",
    "completed":        ". . . . . . . . . . = e",
    "entered-in-error": ". . . . . . . . . . . =",
}  # fmt: skip
EDGES = [
    (before, after, mark)
    for before, row in TABLE.items()
    for after, mark in zip(COLUMNS, row.split(), strict=True)
]


def outcome(actor: Actor, before: str, after: str) -> str:
    try:
        check_transition(actor, before, after)
    except BadTransition as refusal:
        assert refusal.status == 422
        assert str(refusal) == f"A Task that is {before} cannot become {after}."
        return "422"
    except Forbidden:
        return "403"
    return "yes"


@pytest.mark.parametrize(("before", "after", "mark"), EDGES)
def test_every_step_is_as_the_table_says(before, after, mark):
    staff = {"x": "yes", "=": "yes", "e": "403", ".": "422"}[mark]
    writers = {"x": "yes", "=": "yes", "e": "yes", ".": "422"}[mark]
    assert [outcome(actor, before, after) for actor in (NURSE, COORDINATOR)] == [staff] * 2
    assert [outcome(actor, before, after) for actor in (ADMIN, SERVICE)] == [writers] * 2
    assert can_follow(before, after) == (mark == "x")


def test_the_table_has_every_status():
    assert {*COLUMNS} == {*TABLE} == {*TRANSITIONS} == {*Status.values}
    assert len(EDGES) == 144


def test_the_sets_of_statuses_divide_them():
    assert OPEN | FINAL == {*Status.values}
    assert not OPEN & FINAL
    assert CLAIMABLE < NOT_STARTED
    assert NOT_STARTED | STARTED | {"on-hold"} == OPEN
    assert ENDED == FINAL - {"entered-in-error"}


# The edges of https://hl7.org/fhir/R4/task.html#statemachine, and those that the guides use.
R4_STATE_MACHINE = [
    ("draft", "requested"),
    ("requested", "received"),
    ("requested", "accepted"),
    ("requested", "rejected"),
    ("requested", "cancelled"),
    ("received", "accepted"),
    ("received", "rejected"),
    ("received", "cancelled"),
    ("accepted", "in-progress"),
    ("accepted", "cancelled"),
    ("ready", "in-progress"),
    ("ready", "cancelled"),
    ("in-progress", "on-hold"),
    ("in-progress", "completed"),
    ("in-progress", "failed"),
    ("on-hold", "in-progress"),
]
GUIDES = [
    ("requested", "completed"),  # B's printed PUT
    ("requested", "in-progress"),  # B's typical flow
    ("accepted", "requested"),  # C's reroute to a pool
    ("accepted", "completed"),  # C's lifecycle
    ("requested", "cancelled"),  # C's reroute that keeps the view
    ("ready", "on-hold"),
    ("on-hold", "ready"),
    ("requested", "on-hold"),
]


@pytest.mark.parametrize(("before", "after"), R4_STATE_MACHINE + GUIDES)
def test_every_step_that_the_sources_use_is_legal(before, after):
    assert can_follow(before, after)


@pytest.mark.parametrize("before", sorted(FINAL))
def test_nothing_leads_out_of_a_final_status_but_a_correction(before):
    legal = {after for after in Status.values if outcome(ADMIN, before, after) == "yes"}
    assert legal == {before, "entered-in-error"}
