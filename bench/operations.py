"""What is measured: each operation as HTTP requests of many nurses."""

import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote

from bench import pages
from bench.clinic import (
    DEPTH,
    EVERY,
    NURSES,
    STATES,
    Clinic,
    new_task,
    resource_id,
    role_code,
    staff_reference,
)
from fhir import json

BASE = "/api/fhir"
FHIR_JSON = "application/fhir+json"


class Request(NamedTuple):
    """One request, and the numbers of the loaded Tasks that it names.

    `token` is of a client of the API, or of a browser's session for a page.
    """

    method: str
    path: str
    token: str
    body: bytes = b""
    tasks: tuple[int, ...] = ()

    def encoded(self) -> bytes:
        sent = self.headers()
        if self.method == "POST":
            sent["Content-Length"] = str(len(self.body))
        lines = [f"{name}: {value}\r\n" for name, value in sent.items()]
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{''.join(lines)}\r\n"
        return head.encode() + self.body

    def headers(self) -> dict[str, str]:
        if self.path.startswith(pages.BASE):
            return pages.headers(self.token, self.method)
        sent = {"Authorization": f"Bearer {self.token}", "Accept": FHIR_JSON}
        return sent | ({"Content-Type": FHIR_JSON} if self.method == "POST" else {})


class Plans:
    """Makes the requests of one clinic."""

    def __init__(self, clinic: Clinic, tokens: list[str]):
        self.clinic, self.tokens = clinic, tokens
        self.dice = random.Random()
        self.made = self.dice.randrange(1_000_000_000)
        blocks = range(clinic.first_open_block, clinic.tasks // clinic.staff)
        self.owned_blocks = [block for block in blocks if (block - clinic.first_open_block) % EVERY]

    def pool_page(self, index: int) -> Request:
        nurse = index % NURSES
        performer = quote(role_code(nurse % 10), safe="")
        query = f"performer={performer}&status=requested&owner:missing=true&_count=50"
        return Request("GET", f"{BASE}/Task?{query}", self.tokens[nurse])

    def pool_page_with_messages(self, index: int) -> Request:
        page = self.pool_page(index)
        return page._replace(path=f"{page.path}&_include=Task:focus")

    def pool_page_of_a_state(self, index: int) -> Request:
        """Half of the states are so large that their patients cannot be looked up first."""
        page = self.pool_page(index)
        state = STATES[index % NURSES * len(STATES) // NURSES]
        return page._replace(path=f"{page.path}&patient.address-state={state}")

    def tree(self, index: int) -> Request:
        """A Task of the nurse's with all that hangs on it, DEPTH levels."""
        nurse = index % NURSES
        block = DEPTH * self.dice.randrange(self.clinic.first_open_block // DEPTH)
        root = resource_id(self.clinic.staff * block + nurse)
        query = f"_id={root}&_revinclude:iterate=Task:part-of"
        return Request("GET", f"{BASE}/Task?{query}", self.tokens[nurse])

    def mine(self, index: int) -> Request:
        nurse = index % NURSES
        query = (
            f"owner={staff_reference(nurse)}"
            "&status=draft,requested,received,accepted,ready,in-progress,on-hold&_count=50"
        )
        return Request("GET", f"{BASE}/Task?{query}", self.tokens[nurse])

    def read(self, index: int) -> Request:
        nurse = index % NURSES
        number = self.owned(nurse, 0, len(self.owned_blocks))
        path = f"{BASE}/Task/{resource_id(number)}"
        return Request("GET", path, self.tokens[nurse], tasks=(number,))

    def stats_of_a_quarter(self, index: int) -> Request:
        """Of one pool, as its coordinator asks."""
        start = (self.clinic.now - timedelta(days=200)).date()
        pool = quote(role_code(index % NURSES % 10), safe="")
        query = f"pool={pool}&periodStart={start}&periodEnd={start + timedelta(days=91)}"
        return Request("GET", f"{BASE}/Task/$stats?{query}", self.tokens[NURSES])

    def claim(self, index: int) -> Request:
        number = self.clinic.claimable_number(index)
        path = f"{BASE}/Task/{resource_id(number)}/$claim"
        return Request("POST", path, self.tokens[number % NURSES], tasks=(number,))

    def claim_next(self, index: int) -> Request:
        return Request("POST", f"{BASE}/Task/$claim-next", self.tokens[index % NURSES])

    def create(self, index: int) -> Request:
        nurse = index % NURSES
        body = json.dumps(new_task(nurse % 10, self.dice))
        return Request("POST", f"{BASE}/Task", self.tokens[nurse], body)

    def transaction(self, index: int) -> Request:
        """Three creates and two patches of the nurse's own Tasks, in the order of their rows."""
        nurse, half = index % NURSES, len(self.owned_blocks) // 2
        numbers = (self.owned(nurse, 0, half), self.owned(nurse, half, len(self.owned_blocks)))
        entries = [
            {"resource": new_task(nurse % 10, self.dice), "request": _request("POST", "Task")}
            for _ in range(3)
        ]
        for number in numbers:
            self.made += 1  # a patch that changes nothing would write nothing
            operations = [
                {
                    "op": "add",
                    "path": "/businessStatus",
                    "value": {"text": f"Waiting for transport, request {self.made}"},
                }
            ]
            binary = {
                "resourceType": "Binary",
                "contentType": "application/json-patch+json",
                "data": base64.b64encode(json.dumps(operations)).decode(),
            }
            target = f"Task/{resource_id(number)}"
            entries.append({"resource": binary, "request": _request("PATCH", target)})
        body = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
        return Request("POST", BASE, self.tokens[nurse], body, numbers)

    def worklist_page(self, index: int) -> Request:
        nurse = index % NURSES
        path = f"{pages.BASE}/pool/{pages.slug(nurse)}"
        return Request("GET", path, pages.session(nurse))

    def poll(self, index: int) -> Request:
        nurse = index % NURSES
        return Request("GET", pages.poll(nurse), pages.session(nurse))

    def claim_on_page(self, index: int) -> Request:
        number = self.clinic.claimable_number(index)
        nurse = number % NURSES
        path = f"{pages.BASE}/t/{resource_id(number)}/claim"
        body = f"list=pool:{pages.slug(nurse)}&from=row".encode()
        return Request("POST", path, pages.session(nurse), body, (number,))

    def owned(self, nurse: int, start: int, end: int) -> int:
        """The number of one of the nurse's open Tasks."""
        return self.clinic.staff * self.owned_blocks[self.dice.randrange(start, end)] + nurse


def _request(method: str, url: str) -> dict:
    return {"method": method, "url": url}


@dataclass(frozen=True)
class Operation:
    """One row of the table."""

    name: str
    make: Callable[[Plans, int], Request]
    status: int
    """The only right answer."""
    index: str
    """What PostgreSQL must read the Task with; "" where it is not looked at."""
    target: int = 0
    """The least per cent of pgbench at 1,000,000 Tasks."""
    most_ms: float = 0
    """The most milliseconds that half of the answers may take at 1,000,000 Tasks, by one client."""
    versions: int = 0
    """How many versions one request writes."""
    takes: bool = False
    """Whether it uses up the Tasks that wait in the pools."""
    on_page: bool = False
    """Whether it is a page's: those are held to milliseconds, and not compared with pgbench."""

    def requests(self, plans: Plans, count: int) -> Iterator[Request]:
        return (self.make(plans, index) for index in range(count))


CLAIM = 3
"""The versions of a claim: the Task, the message that it is about, and why they moved."""

OPERATIONS = (
    Operation("pool page", Plans.pool_page, 200, "task_queue", target=15),
    Operation(
        "pool page and messages", Plans.pool_page_with_messages, 200, "task_queue", most_ms=20
    ),
    Operation("pool page of a state", Plans.pool_page_of_a_state, 200, "task_queue", most_ms=20),
    Operation("tree of 12", Plans.tree, 200, "one_row_per_task", most_ms=20),
    Operation("my list", Plans.mine, 200, "task_mine"),
    Operation("read", Plans.read, 200, "one_row_per_task", target=8),
    Operation("stats of a quarter", Plans.stats_of_a_quarter, 200, "clocks_of_pool", most_ms=1000),
    Operation("claim", Plans.claim, 200, "one_row_per_task", versions=CLAIM, takes=True),
    Operation(
        "claim next", Plans.claim_next, 200, "task_queue", target=20, versions=CLAIM, takes=True
    ),
    Operation("create", Plans.create, 201, "", target=15, versions=1),
    Operation("transaction of 5", Plans.transaction, 200, "one_row_per_task", versions=5),
    Operation("worklist page", Plans.worklist_page, 200, "", most_ms=60, on_page=True),
    Operation("worklist poll", Plans.poll, 204, "", most_ms=3, on_page=True),
    Operation(
        "worklist claim",
        Plans.claim_on_page,
        200,
        "",
        most_ms=40,
        versions=CLAIM,
        takes=True,
        on_page=True,
    ),
)
