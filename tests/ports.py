"""Ports that are free now and stay so until a server that a test starts has taken them."""

import random
import socket
from contextlib import ExitStack, suppress

LOWEST, HIGHEST = 20_000, 32_000
"""Below what Linux gives to connections, of which other tests may open one at any moment."""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on, each another.

    Raises:
        OSError: there are not as many.
    """
    found: list[int] = []
    with ExitStack() as stack:
        for port in random.sample(range(LOWEST, HIGHEST), HIGHEST - LOWEST):
            if len(found) == count:
                return found
            with suppress(OSError):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                found.append(port)
    raise OSError(f"{count} ports between {LOWEST} and {HIGHEST} are not free.")
