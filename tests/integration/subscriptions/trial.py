"""A worker that is killed, and what a receiver must have got in the end (security.md R7).

By hand, with real times: `python -m tests.integration.subscriptions.trial 10` takes ten minutes and
one, from a data folder of its own.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]


class Worker:
    """`manage.py worker` as a process of its own."""

    def __init__(self, environment: dict[str, str]):
        self.environment = os.environ | environment
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"], cwd=TOP, env=self.environment
        )

    def kill(self) -> None:
        """As if the power went."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self, limit: float) -> float:
        """Ask it to end, and say how many seconds it took. Raises TimeoutExpired."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(limit)
        self.process = None
        return time.monotonic() - began


def wait_until(condition, what: str, limit: float) -> float:
    """Seconds until it held."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit, f"not within {limit:g} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


def faults(receiver, last_number: int) -> list[str]:
    """What is not as it is promised: each number, in order, each resource's versions in order."""
    found, numbers = [], receiver.numbers
    firsts = list(dict.fromkeys(numbers))
    if firsts != list(range(1, last_number + 1)):
        found.append(f"numbers: {len(firsts)} of {last_number}, or not in order")
    versions: dict[str, list[int]] = {}
    for request in receiver.acknowledged:
        for entry in request.bundle["entry"][1:]:
            version = int(entry["response"]["etag"].strip('W/"'))
            versions.setdefault(entry["fullUrl"], []).append(version)
    for listed in versions.values():
        told = list(dict.fromkeys(listed))
        if told != sorted(told):
            found.append("a resource's versions are not in order")
    return found


def most_repeats(receiver) -> int:
    return max(Counter(receiver.numbers).values(), default=0)


def main(minutes: float) -> int:
    """Down, 500, hanging, dripping and redirecting, a fifth of the time each; 500 changes; a SIGKILL
    of the worker a minute; then the receiver is back."""
    import tempfile

    with tempfile.TemporaryDirectory() as data:
        os.environ |= {"TASKWARD_DATA": data, "DJANGO_SETTINGS_MODULE": "config.settings"}
        from config.database import running_database

        with running_database():
            import django

            django.setup()
            return _trial(minutes)


def _trial(minutes: float) -> int:
    from django.core.management import call_command

    from fhir import actions
    from fhir.actor import SYSTEM
    from fhir.subscriptions.models import Endpoint, Subscriber
    from tests.integration.subscriptions.conftest import subscription
    from tests.integration.subscriptions.receiver import Receiver, answers, drips, hangs

    call_command("migrate", verbosity=0)
    elsewhere, receiver = Receiver().start(), Receiver().start()
    Endpoint.objects.create(
        scheme="http", host="127.0.0.1", port=receiver.port, allows_private=True
    )
    made = actions.create("Subscription", subscription(receiver.url), actor=SYSTEM).resource_id
    worker = Worker({})
    worker.start()
    wait_until(lambda: receiver.acknowledged, "the handshake", 60)
    task = {"resourceType": "Task", "status": "requested", "intent": "order"}
    tasks = [actions.create("Task", task, actor=SYSTEM).parsed() for _ in range(20)]
    phases = {
        "down": None,
        "500": answers(500),
        "hangs": hangs,
        "drips": drips,
        "redirects": answers(307, Location=elsewhere.url),
    }
    each, written, killed = minutes * 60 / len(phases), 20, time.monotonic()
    for name, behave in phases.items():
        print(f"{name} for {each:.0f} s", flush=True)
        if behave is None:
            receiver.stop()
        else:
            receiver.behave = behave
            if receiver.server is None:
                receiver.start()
                receiver.behave = behave
        ends = time.monotonic() + each
        while time.monotonic() < ends:
            if written < 500:
                changed = tasks[written % 20] | {"description": f"Change {written}"}
                actions.put("Task", changed["id"], changed, actor=SYSTEM)
                written += 1
            if time.monotonic() - killed > 60:
                worker.kill()
                worker.start()
                killed = time.monotonic()
                print("SIGKILL", flush=True)
            time.sleep(each * len(phases) / 500)
    receiver.behave = receiver.works

    def last() -> int:
        return Subscriber.objects.get(resource_id=made).last_number

    took = wait_until(
        lambda: last() == written and len(set(receiver.numbers)) == written, "all is told", 300
    )
    wrong = faults(receiver, written)
    stopped = worker.stop(30)
    print(f"{written} changes were all told {took:.1f} s after the receiver was back")
    print(
        f"each at most {most_repeats(receiver)} times; requests elsewhere: {len(elsewhere.requests)}"
    )
    print(f"the worker stopped in {stopped:.1f} s; faults: {wrong or 'none'}")
    return 1 if wrong or took > 60 or elsewhere.requests else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10))
