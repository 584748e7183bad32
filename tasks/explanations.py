"""Which Provenance explains which version of a Task.

One that names the version, or was written in its transaction, explains it. Else, as when a client
sends the two one after the other (requirements.md S116, S117), it explains the move next to it that
was made by the same person or client, unless that one is explained already.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fhir import json, sql
from fhir.datatypes import parse_date, parse_reference
from fhir.search.references import local, unversioned
from tasks.models import Provenance

NEAR = timedelta(minutes=10)


class Explanation(NamedTuple):
    """A Provenance, with who sent it and when and in which transaction it was written first."""

    reference: str
    at: datetime
    actor: str
    transaction: int
    document: dict

    @property
    def reason(self) -> dict | None:
        return next(iter(self.document.get("reason", ())), None)

    @property
    def agents(self) -> list[dict]:
        return [agent["who"] for agent in self.document["agent"] if agent.get("who")]


class Written(NamedTuple):
    """A version: when, by whom and in which transaction; `moved` says that it changed hands."""

    number: int
    at: datetime
    actor: str
    transaction: int
    moved: bool


def explanations_of(
    task_ids: Iterable[str], *, readable: str = "true", params: Sequence = ()
) -> dict[str, list[Explanation]]:
    """The Provenances of each Task, oldest first. `readable` is a condition on the alias p."""
    wanted = {f"Task/{each}" for each in task_ids}
    found = sql.rows(
        "select p.resource_id, v.last_updated, v.actor, v.transaction, p.targets, p.document"
        f" from {Provenance._meta.db_table} p join fhir_resourceversion v"
        " on v.resource_type = 'Provenance' and v.resource_id = p.resource_id and v.version_id = 1"
        f" where p.tokens && %s::text[] and not p.deleted and {readable} order by v.id",
        ([f"target={each}" for each in sorted(wanted)], *params),
        prepare=False,
    )
    told = defaultdict(list)
    for resource_id, at, actor, transaction, targets, text in found:
        explanation = Explanation(
            f"Provenance/{resource_id}", at, actor, transaction, json.loads_stored(text)
        )
        for target in wanted.intersection(map(unversioned, targets)):
            told[target.removeprefix("Task/")].append(explanation)
    return told


def matched(
    task_id: str, versions: Sequence[Written], explanations: Iterable[Explanation]
) -> tuple[dict[int, list[Explanation]], list[Explanation]]:
    """(what explains each version, by its number; what explains none of them)"""
    found: dict[int, list[Explanation]] = defaultdict(list)
    alone, unexplained = [], []
    for each in explanations:
        named = _named(task_id, each)
        of_those = [version for version in versions if str(version.number) in named]
        together = [version for version in versions if version.transaction == each.transaction]
        if number := _best(of_those if named else together, each, found):
            found[number].append(each)
        else:
            (unexplained if named else alone).append(each)
    for each in alone:
        if number := _near(versions, each, found):
            found[number].append(each)
        else:
            unexplained.append(each)
    return found, unexplained


def _named(task_id: str, explanation: Explanation) -> set[str]:
    """The versions of the Task that it names."""
    targets = filter(None, map(_parsed, explanation.document["target"]))
    return {
        target.version
        for target in targets
        if (target.type, target.id) == ("Task", task_id) and target.version
    }


def _best(versions: Sequence[Written], explanation: Explanation, explained: dict) -> int | None:
    """Of several, the one at whose instant it was recorded, then a move, then the nearest."""
    recorded = parse_date(explanation.document["recorded"]).low
    ranked = [
        (
            recorded == each.at,
            each.moved and each.number not in explained,
            -abs(each.at - explanation.at),
            each.number,
        )
        for each in versions
    ]
    return max(ranked)[-1] if ranked else None


def _parsed(reference: dict):
    try:
        return parse_reference(local(reference.get("reference", "")))
    except ValueError:
        return None


def _near(versions: Sequence[Written], explanation: Explanation, explained: dict) -> int | None:
    by = {
        explanation.actor,
        *(unversioned(each.get("reference", "")) for each in explanation.agents),
    }
    near = [
        (abs(each.at - explanation.at), each.number)
        for each in versions
        if each.moved and each.actor in by and each.number not in explained
    ]
    distance, number = min(near, default=(NEAR + NEAR, 0))
    return number if distance <= NEAR else None
