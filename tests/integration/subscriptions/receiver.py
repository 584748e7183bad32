"""A real receiver of notifications, on a port of this machine, that behaves as a test wants."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def bundle(self) -> dict:
        return json.loads(self.body)

    @property
    def status(self) -> dict:
        """name → value of the status with which a notification begins."""
        parameters = self.bundle["entry"][0]["resource"]["parameter"]
        return {
            each["name"]: next(value for key, value in each.items() if key.startswith("value"))
            for each in parameters
            if "part" not in each
        }

    @property
    def events(self) -> list[dict]:
        """Each event's parts by name."""
        parameters = self.bundle["entry"][0]["resource"]["parameter"]
        return [
            {
                part["name"]: next(value for key, value in part.items() if key != "name")
                for part in each["part"]
            }
            for each in parameters
            if each["name"] == "notification-event"
        ]


Behave = Callable[[BaseHTTPRequestHandler], None]


def answers(status: int, **headers: str) -> Behave:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


def hangs(handler: BaseHTTPRequestHandler) -> None:
    """Until whoever asked hangs up."""
    handler.rfile.read(1)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A byte of a head that does not end, ten times a second."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(600):
            handler.wfile.write(b"x")
            time.sleep(0.1)
    except OSError:
        return


def floods(handler: BaseHTTPRequestHandler) -> None:
    """A body without an end."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        return


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


@dataclass
class Receiver:
    """Keeps what it was sent, and what it acknowledged."""

    behave: Behave = answers(200)
    requests: list[Request] = field(default_factory=list)
    acknowledged: list[Request] = field(default_factory=list)
    port: int = 0
    server: ThreadingHTTPServer | None = None

    def start(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.path, dict(self.headers), body)
                receiver.requests.append(request)
                behave = receiver.behave
                if behave in (hangs, drips, floods, hangs_up):
                    self.close_connection = True
                behave(self)
                if behave.__name__ == "behave" and behave is receiver.works:
                    receiver.acknowledged.append(request)

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request, client_address):
                pass

        self.works = self.behave if not hasattr(self, "works") else self.works
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Nothing listens any more; `start` comes back at the same port."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def numbers(self) -> list[int]:
        """Of the events that were acknowledged, in that order."""
        return [
            int(event["event-number"]) for request in self.acknowledged for event in request.events
        ]
