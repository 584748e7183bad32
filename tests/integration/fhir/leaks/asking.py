"""Asking by a way, over HTTP or as an entry of a Bundle, and all that the answer says."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from unittest.mock import patch
from urllib.parse import urlsplit

from django.db import transaction
from django.test import Client

from tests.integration.fhir.leaks.clinic import Reader, client_of
from tests.integration.fhir.leaks.way import FHIR, FORM, Way

BASES = ("/api/fhir", "/fhir/R4")
MOST_PAGES = 100


class Door:
    """One reader's client: what it writes is undone, and told the same time and the same ids."""

    def __init__(self, reader: Reader, cast: dict, base: str = BASES[0]):
        self.client: Client = client_of(reader, cast)
        self.me, self.base = reader.name or "maya", base

    def answer(self, way: Way) -> str:
        """Status, headers and body; of all pages."""
        with transaction.atomic(), Still():
            try:
                return self._pages(way) if way.pages else self._told(*self._send(way))
            finally:
                transaction.set_rollback(True)

    def answers(self, ways: Sequence[Way]) -> dict[Way, str]:
        return {way: self.answer(way) for way in ways}

    def answers_by_batch(self, ways: Sequence[Way]) -> dict[Way, str]:
        """Reads as entries of one batch, each write as a batch of its own; the rest by itself."""
        reads = [way for way in ways if way.reads and way.entry and not way.pages]
        found = self._entries(reads)
        for way in ways:
            if way not in found:
                found |= self._entries([way]) if way.entry else {way: self.answer(way)}
        return found

    def _entries(self, ways: Sequence[Way]) -> dict[Way, str]:
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [way.entry for way in ways]}
        with transaction.atomic(), Still():
            try:
                status, headers, body = self._send(Way("POST", "", bundle))
            finally:
                transaction.set_rollback(True)
        if status != 200:
            return dict.fromkeys(ways, self._told(status, headers, body))
        answers = json.loads(body)["entry"]
        assert all(answer["response"]["status"][0] != "5" for answer in answers)
        told = (without_cursors(json.dumps(answer, sort_keys=True)) for answer in answers)
        return dict(zip(ways, told, strict=True))

    def _send(self, way: Way) -> tuple[int, dict, str]:
        body = way.body
        if body is not None and way.content_type != FORM:
            body = json.dumps(body)
        path = way.path.replace("{me}", self.me)
        url = f"{self.base}/{path}" if path and path[0] != "?" else f"{self.base}{path}"
        answer = self.client.generic(
            way.method,
            url,
            (body or "").replace("{me}", self.me),
            way.content_type if body is not None else FHIR,
            headers=way.headers,
        )
        assert answer.status_code < 500, f"{way.name}: {answer.status_code}"
        return answer.status_code, dict(answer.headers), answer.content.decode()

    def _pages(self, way: Way) -> str:
        told = []
        for _ in range(MOST_PAGES):
            status, headers, body = self._send(way)
            told.append(self._told(status, headers, body))
            links = json.loads(body).get("link", []) if status == 200 else []
            following = [link["url"] for link in links if link["relation"] == "next"]
            if not following:
                return "\n".join(told)
            url = urlsplit(following[0])
            path = url.path.removeprefix(self.base).strip("/")
            way = Way("GET", f"{path}?{url.query}", headers=way.headers)
        raise AssertionError(f"{way.name}: the pages do not end")

    def _told(self, status: int, headers: dict, body: str) -> str:
        if "_cursor=" in body:
            headers.pop("Content-Length", None)
        lines = [f"{name}: {value}" for name, value in sorted(headers.items())]
        return "\n".join([str(status), *lines, "", without_cursors(body)])


def without_cursors(text: str) -> str:
    """The text without sealed cursors: their bytes are random, and some hold a running number."""
    head, *rest = text.split("_cursor=")
    for part in rest:
        sealed = part.partition('"')[0].partition("&")[0]
        head += f"_cursor={part[len(sealed) :]}"
    return head


NOW = datetime(2032, 1, 1, tzinfo=UTC)


class Still:
    """While this lasts, the clock stands, new ids are the same ones, and all is in the feed."""

    def __enter__(self):
        numbers = count(1)
        self.patches = [
            patch("fhir.store.now", lambda after=None: NOW),
            patch("fhir.store.new_id", lambda: f"made-{next(numbers)}"),
            # What is undone in the end is never settled: here it is in the feed all the same.
            patch("fhir.feed.SETTLED", "true"),
        ]
        for each in self.patches:
            each.start()

    def __exit__(self, *error):
        for each in self.patches:
            each.stop()
