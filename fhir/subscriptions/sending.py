"""One HTTP request to an endpoint: to an address that was looked at, within a time, once.

`http.client` does what is asked and nothing besides: it follows no redirect, reads no proxy from the
environment, and lets itself be given the address to connect to (security.md S6).
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache

from fhir.subscriptions.endpoints import Refused, Target, entry_for, parse, resolve

MAX_ANSWER = 4_096
"""Bytes of an answer's body that are read, so that the connection can be used again."""


class Undelivered(Exception):
    """The notification was not acknowledged. `status` is that of the answer, if there was one."""

    def __init__(self, fault: str, status: int | None = None):
        super().__init__(fault)
        self.fault, self.status = fault, status


class Line:
    """A connection to one endpoint for as long as there is something to send there.

    The host is looked up once, and what was found then is where every request goes.
    """

    def __init__(self, url: str, *, limit: float):
        self.url, self.limit = url, limit
        self.addresses: list[str] = []
        self.connection: _Pinned | None = None

    def post(self, body: bytes | None, headers: Mapping[str, str]) -> int:
        """The status of the answer, of the 200s. Raises Undelivered.

        Everything together takes no longer than `limit` seconds, however slowly it is answered.
        """
        ends_at = time.monotonic() + self.limit
        try:
            target = parse(self.url)
            entry = entry_for(target)
            if not self.addresses:
                self.addresses = resolve(target, entry, limit=self.limit)
        except Refused as error:
            raise Undelivered(str(error)) from error
        except TimeoutError as error:
            raise Undelivered("The name of the host was not found in time.") from error
        except OSError as error:
            raise Undelivered("The name of the host was not found.") from error
        is_used = self.connection is not None
        try:
            return self._post(target, body, headers, ends_at)
        except _Cut:
            if not is_used:
                raise
        # The receiver closed a connection that it had kept open: nothing was answered.
        return self._post(target, body, headers, ends_at)

    def _post(self, target: Target, body: bytes | None, headers, ends_at: float) -> int:
        left = ends_at - time.monotonic()
        if left <= 0:
            raise Undelivered(self._late)
        connection = self.connection or _Pinned(target, self.addresses, left)
        self.connection = connection
        connection.limit(left)
        clock = threading.Timer(left, connection.abort)
        clock.daemon = True
        clock.start()
        try:
            status, is_open = connection.exchange(target, body, headers)
        except ssl.SSLCertVerificationError as error:
            raise Undelivered("The certificate of the host is not one to trust.") from error
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            self.close()
            raise self._fault(connection, _Cut("The connection was cut.")) from error
        except (http.client.HTTPException, ValueError) as error:
            self.close()
            raise self._fault(connection, Undelivered("The answer is not HTTP.")) from error
        except ConnectionRefusedError as error:
            raise Undelivered("The connection was refused.") from error
        except TimeoutError as error:
            raise Undelivered(self._late) from error
        except OSError as error:
            raise self._fault(connection, Undelivered("There is no connection.")) from error
        finally:
            clock.cancel()
            if not connection.is_good:
                self.close()
        if connection.is_late:
            raise Undelivered(self._late)
        if not is_open:
            self.close()
        if 300 <= status < 400:
            raise Undelivered("The answer was a redirect, and none is followed.", status)
        if not 200 <= status < 300:
            raise Undelivered(f"The answer was {status}.", status)
        return status

    @property
    def _late(self) -> str:
        return f"There was no whole answer within {self.limit:g} s."

    def _fault(self, connection: "_Pinned", fault: Undelivered) -> Undelivered:
        """What ended because the time was up says so."""
        return Undelivered(self._late) if connection.is_late else fault

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class _Cut(Undelivered):
    """The other end hung up without an answer."""


class _Pinned(http.client.HTTPConnection):
    """A connection to a target at given addresses, whatever its name leads to by now."""

    def __init__(self, target: Target, addresses: list[str], limit: float):
        super().__init__(target.host, target.port, timeout=limit)
        self.addresses, self.scheme = addresses, target.scheme
        self.is_late = False
        self.is_good = False

    def connect(self) -> None:
        self.sock = self._connected()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.scheme == "https":
            self.sock = _tls().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def _connected(self) -> socket.socket:
        """To the first address that answers. Raises OSError."""
        ends_at = time.monotonic() + self.timeout
        for address in self.addresses[:-1]:
            with suppress(OSError):
                left = max(ends_at - time.monotonic(), 0.001) / 2
                return socket.create_connection((address, self.port), left)
        left = max(ends_at - time.monotonic(), 0.001)
        return socket.create_connection((self.addresses[-1], self.port), left)

    def limit(self, seconds: float) -> None:
        """Of each wait; `abort` is what ends them together."""
        self.timeout, self.is_good = seconds, False
        if self.sock is not None:
            self.sock.settimeout(seconds)

    def abort(self) -> None:
        """End what is under way in another thread: it gets an end of the stream, or an error."""
        self.is_late = True
        if self.sock is not None:
            with suppress(OSError):
                # Past TLS, whose own shutdown would take away what the other thread reads from.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def exchange(
        self, target: Target, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bool]:
        """(status, whether the connection can be used again)"""
        self.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        self.putheader("Host", target.authority)
        self.putheader("Content-Length", str(len(body or b"")))
        for name, value in headers.items():
            self.putheader(name, value)
        self.endheaders(body)
        response = self.getresponse()
        response.read(MAX_ANSWER)
        is_whole = response.isclosed()
        response.close()
        self.is_good = True
        return response.status, is_whole


@cache
def _tls() -> ssl.SSLContext:
    """The certificates that the system trusts (SSL_CERT_FILE names others)."""
    return ssl.create_default_context()
