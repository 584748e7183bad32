"""What the worker does all the time, each in a thread of its own.

A loop's step says whether there was something to do; then it is called again at once.
"""

import logging
import threading
from collections.abc import Callable

from django.db import connection

logger = logging.getLogger(__name__)

PAUSE = 0.25  # seconds after a step that found nothing to do
PAUSE_AFTER_FAILURE = 2.0  # seconds

_loops: dict[str, Callable[[], bool]] = {}


def add_loop(name: str, step: Callable[[], bool]) -> None:
    """Have the worker call `step` for as long as it runs. Called from `AppConfig.ready`."""
    _loops[name] = step


def run(name: str, stopping: threading.Event) -> None:
    """Call one loop's step until `stopping` is set."""
    while not stopping.is_set():
        try:
            pause = 0.0 if _loops[name]() else PAUSE
        except Exception:  # Whatever happened, the worker must go on with the next.
            logger.exception("A step of the worker's loop %s failed.", name)
            connection.close()  # It may be the database that went away.
            pause = PAUSE_AFTER_FAILURE
        if pause:
            stopping.wait(pause)
    connection.close()


def start_all(stopping: threading.Event) -> list[threading.Thread]:
    """A running thread for each loop. They end with the process, if not by `stopping` before."""
    threads = [
        threading.Thread(target=run, args=(name, stopping), name=name, daemon=True)
        for name in _loops
    ]
    for thread in threads:
        thread.start()
    return threads
