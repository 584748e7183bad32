"""The HTTP client of the benchmark, in a process of its own and as cheap as Python can be.

One thread waits for many keep-alive connections; each has one request under way.
"""

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Answers:
    seconds: float = 0.0
    """How long was measured: less than asked for when the requests ran out."""
    right: int = 0
    wrong: dict[int, int] = field(default_factory=dict)
    """Answers of another status than the right one, by status."""
    latencies: list[float] = field(default_factory=list)
    """In seconds, of the right answers, sorted."""
    sent: int = 0
    """Requests from the first warm-up to the end."""

    @property
    def rate(self) -> float:
        return self.right / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        if not self.latencies:
            return 0.0
        return 1000 * self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    length: int = -1  # of the whole answer, once its head is here

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.length = -1
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> int:
        """Take in what is there; the status of the answer once it is complete, 0 before."""
        more = self.socket.recv(1 << 18)
        if not more:
            raise ConnectionError("The server closed a connection.")
        self.received += more
        if self.length < 0:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return 0
            self.length = end + 4 + _content_length(bytes(self.received[:end]).lower())
        return int(self.received[9:12]) if len(self.received) >= self.length else 0


def _content_length(head: bytes) -> int:
    start = head.find(b"\r\ncontent-length:")
    if start < 0:
        if b"\r\ntransfer-encoding:" in head:
            raise ConnectionError("The server sends chunks, which this client does not read.")
        return 0
    return int(head[start + 17 :].split(b"\r\n", 1)[0])


def drive(
    port: int,
    requests: Sequence[bytes],
    *,
    right: int,
    connections: int,
    seconds: float,
    repeat: bool,
) -> Answers:
    """Send the requests for so many seconds, after a fifth of that to warm up.

    Ends early when they run out, unless they are to `repeat`. `right` is the status that counts.
    """
    answers = Answers()
    poll = select.epoll()
    open_connections = {}
    for _ in range(connections):
        new = socket.create_connection(("127.0.0.1", port), timeout=30)
        new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        open_connections[new.fileno()] = _Connection(new)
        poll.register(new.fileno(), select.EPOLLIN)
    start = time.perf_counter() + seconds / 5
    end = start + seconds
    last = start
    busy = 0
    for connection in open_connections.values():
        if answers.sent < len(requests):
            connection.send(requests[answers.sent])
            answers.sent += 1
            busy += 1
    while busy:
        ready = poll.poll(30)
        if not ready:
            raise TimeoutError("The server has not answered for 30 s.")
        for descriptor, _ in ready:
            connection = open_connections[descriptor]
            status = connection.answered()
            if not status:
                continue
            now = time.perf_counter()
            if start <= now <= end:
                last = now
                if status == right:
                    answers.right += 1
                    answers.latencies.append(now - connection.sent_at)
                else:
                    answers.wrong[status] = answers.wrong.get(status, 0) + 1
            if now < end and (repeat or answers.sent < len(requests)):
                connection.send(requests[answers.sent % len(requests)])
                answers.sent += 1
            else:
                busy -= 1
    for connection in open_connections.values():
        connection.socket.close()
    answers.seconds = last - start
    answers.latencies.sort()
    return answers
