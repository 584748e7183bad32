"""What is looked up while one page is made, or one version checked and written, is looked up once.

The parts of a page know nothing of each other: several of them name the same people, or read the
same thread. Neither do the checks of a write, and the columns that come of it. Inside `reading` what
they have found is kept: nothing that is looked up may be written there, but by one who clears it.
"""

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import wraps
from typing import Any

_kept: ContextVar[dict | None] = ContextVar("kept", default=None)


def reading[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """A function that changes nothing that it looks up: inside it, and what it calls, findings are
    kept."""

    @wraps(function)
    def read(*args: P.args, **named: P.kwargs) -> R:
        if _kept.get() is not None:
            return function(*args, **named)
        token = _kept.set({})
        try:
            return function(*args, **named)
        finally:
            _kept.reset(token)

    return read


def found(*key: Hashable) -> dict[Any, Any]:
    """What has been found under a key, to be looked into and added to; new outside of `reading`."""
    kept = _kept.get()
    return {} if kept is None else kept.setdefault(key, {})


def once[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """A lookup whose arguments can be hashed; what it gives is shared, and not to be changed.

    `cache_clear()` forgets what has been found, for whoever changes it.
    """

    @wraps(function)
    def looked_up(*args: P.args, **named: P.kwargs) -> R:
        known, key = found(function), (args, tuple(sorted(named.items())))
        if key not in known:
            known[key] = function(*args, **named)
        return known[key]

    looked_up.cache_clear = lambda: found(function).clear()
    return looked_up
