"""Where Subscriptions may send to: addresses that an admin has listed, and nothing that only looks
like one (security.md S6).

An endpoint has one spelling: what is written in another is refused rather than understood, as two
programs that understand it differently are how requests end up where they must not.
"""

import ipaddress
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from fhir.subscriptions.models import Endpoint

MAX_LENGTH = 2_000
PORTS = {"https": 443, "http": 80}
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
OF_HOST = LETTERS | frozenset("0123456789-.")
OF_PATH = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/%") | LETTERS
NEVER = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local: the metadata of cloud hosts
        "192.0.0.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::ffff:0:0/96",  # IPv4 in disguise: it must be written as what it is
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2002::/16",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
]
"""Where nothing is ever sent, whatever the list says."""
PRIVATE = [
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "::1/128",
        "2001:db8::/32",
        "fc00::/7",
    )
]
"""Where something is sent only when the entry says that the host may be there."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """Nothing may be sent there. The message is a sentence, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint in its parts. `path` is what is asked for: path and query as they were written."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """The parts of an endpoint. Raises Refused for all that is not plainly one."""
    if not 0 < len(url) <= MAX_LENGTH or not url.isascii() or not url.isprintable():
        raise Refused("The endpoint must be a URL of visible ASCII characters.")
    if set(url) & set(' \\"<>^`{|}#'):
        raise Refused("The endpoint has characters that a URL has not, or a fragment.")
    scheme, colon, rest = url.partition("://")
    if not colon or scheme not in PORTS:
        raise Refused("The endpoint must begin with https:// or http://, in lower case.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("The endpoint is not a URL.") from error
    if "@" in parts.netloc:
        raise Refused("The endpoint must not hold a user name or a password.")
    host = parts.hostname or ""
    target = Target(
        scheme, host, port or PORTS[scheme], parts.path + (f"?{parts.query}" if parts.query else "")
    )
    fault = fault_of_host(host) or fault_of_path(parts.path) or _fault_of_query(parts.query)
    if fault:
        raise Refused(fault)
    written = {target.authority, f"[{host}]:{target.port}" if ":" in host else f"{host}:{port}"}
    if parts.netloc not in written or f"{scheme}://{parts.netloc}{target.path}" != url:
        raise Refused("The endpoint is not written as it would be asked for.")
    return target


def fault_of_host(host: str) -> str:
    """Why this is no host name in lower case nor an IP address in its usual form; "" when it is."""
    if (address := as_address(host)) is not None:
        return "" if str(address) == host else "Write the IP address in its usual, shortest form."
    labels = host.split(".")
    if not host or len(host) > 253 or not set(host) <= OF_HOST:
        return "A host is written in lower case, in its ASCII form."
    if any(not 0 < len(each) <= 63 or "-" in (each[0], each[-1]) for each in labels):
        return "This is no host name."
    # 0x7f.1, 017700000001 and 2130706433 are numbers, and some programs take them for addresses.
    if not set(labels[-1]) & LETTERS or labels[-1].startswith("0x"):
        return "This is no host name."
    return ""


def fault_of_path(path: str) -> str:
    """Why this path could be taken for another one; "" when it could not."""
    if not path.startswith("/") or not set(path) <= OF_PATH:
        return "A path begins with / and holds no other characters than paths have."
    if "//" in path or any(each in (".", "..") for each in path.split("/")):
        return "A path holds no empty and no relative segments."
    return _fault_of_escapes(path, "%2e", "%2f", "%5c")


def _fault_of_query(query: str) -> str:
    if not set(query) <= OF_PATH | {"?"}:
        return "The query of the endpoint holds characters that queries have not."
    return _fault_of_escapes(query)


def _fault_of_escapes(text: str, *never: str) -> str:
    never = (*never, "%0", "%1", "%7f")
    pairs = [f"%{each[:2]}".lower() for each in text.split("%")[1:]]
    hexadecimal = frozenset("0123456789abcdef")
    if any(len(each) != 3 or not set(each[1:]) <= hexadecimal for each in pairs):
        return "A % must be followed by two hexadecimal digits."
    if any(each.startswith(never) for each in pairs):
        return "Slashes, dots and control characters must not be escaped."
    return ""


def as_address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def entry_for(target: Target) -> Endpoint:
    """The entry of the allow-list that the target is under. Raises Refused."""
    path = target.path.partition("?")[0]
    for entry in Endpoint.objects.filter(
        scheme=target.scheme, host=target.host, port=target.port
    ).order_by("-path_prefix"):
        prefix = entry.path_prefix
        if path == prefix or path.startswith(prefix if prefix.endswith("/") else f"{prefix}/"):
            address = as_address(target.host)
            if address is not None:
                check_address(address, entry)
            return entry
    raise Refused("This endpoint is not one of those that an admin has listed.")


def check_address(address: Address, entry: Endpoint) -> None:
    """Raise Refused unless the entry lets something be sent to this address."""
    if any(address in network for network in NEVER) or getattr(address, "scope_id", None):
        raise Refused("The host has an address that nothing is sent to.")
    private = not address.is_global or any(address in network for network in PRIVATE)
    if private and not entry.allows_private:
        raise Refused("The host has a private address.")


def resolve(target: Target, entry: Endpoint, *, limit: float) -> list[str]:
    """The addresses to connect to, within `limit` seconds. Raises Refused and OSError.

    Every address of the host must be allowed: one that is not says that somebody plays tricks.
    """
    found: list[str] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            found.extend(str(answer[4][0]) for answer in answers)
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError("no such name"))

    # The resolver has its own idea of time, and cannot be told to stop.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(limit)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError
    for text in found:
        address = as_address(text)
        if address is None:
            raise Refused("The host has an address that nothing is sent to.")
        check_address(address, entry)
    return list(dict.fromkeys(found))
