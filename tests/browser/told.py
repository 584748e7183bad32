"""What the FHIR API tells, once somebody has done something in a browser."""

from tests.conftest import ApiClient


class Told(ApiClient):
    """The API as one of the cast asks it: "Task/1", "Task?owner=Practitioner/maya"."""

    def read(self, path: str) -> dict:
        answer = self.get(path)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def found(self, path: str) -> list[dict]:
        """The matches of a search."""
        return [
            entry["resource"]
            for entry in self.read(path).get("entry", [])
            if entry["search"]["mode"] == "match"
        ]

    def sees(self, path: str) -> bool:
        """Whether there is such a thing for her: what she may not see is not there (T5)."""
        answer = self.get(path)
        assert answer.status_code in (200, 404), answer.content
        return answer.status_code == 200

    def now(self, task: str) -> tuple[str, str]:
        """(status, owner) of a Task."""
        return state(self.read(f"Task/{task}"))

    def versions(self, task: str) -> list[tuple[str, str]]:
        """(status, owner) of each version of a Task, oldest first."""
        history = self.read(f"Task/{task}/_history?_count=100")["entry"]
        return [state(entry["resource"]) for entry in reversed(history)]

    def reasons(self, task: str) -> list[tuple[str, str, str]]:
        """(what was done, by whom, why) of each Provenance of a Task, oldest first."""
        return [
            (
                each["activity"]["coding"][0]["code"],
                identifier(each["agent"][0]["who"]),
                reason(each["reason"][0]) if "reason" in each else "",
            )
            for each in self.found(f"Provenance?target=Task/{task}&_sort=recorded,_id")
        ]

    def timeline(self, task: str) -> list[str]:
        """What its timeline says of each event, newest first."""
        return [
            part["valueString"]
            for event in self.read(f"Task/{task}/$timeline")["parameter"]
            if event["name"] == "event"
            for part in event["part"]
            if part["name"] == "text"
        ]

    def recipients(self, communication: str) -> list[str]:
        """To whom a message or a thread goes."""
        return [identifier(each) for each in self.read(communication).get("recipient", [])]


def state(task: dict) -> tuple[str, str]:
    return task["status"], identifier(task.get("owner", {}))


def identifier(reference: dict) -> str:
    """maya, of a reference to Practitioner/maya; "" of none."""
    return reference.get("reference", "").rpartition("/")[2]


def reason(concept: dict) -> str:
    """Its code, or its words where it has none."""
    return concept["coding"][0]["code"] if "coding" in concept else concept["text"]
