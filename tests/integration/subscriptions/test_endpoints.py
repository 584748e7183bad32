"""Where nothing is sent, however it is spelled: at the write, and again at each send (S6)."""

import ipaddress
import socket
import threading

import pytest
from django.core.exceptions import ValidationError

from fhir.subscriptions import delivering
from fhir.subscriptions.endpoints import Refused, check_address, entry_for, parse, resolve
from fhir.subscriptions.models import Endpoint
from fhir.subscriptions.sending import Line, Undelivered
from tests.integration.subscriptions.conftest import allow, subscribe, subscriber, subscription

pytestmark = pytest.mark.django_db

LISTED = "https://hooks.example.org/taskward"
SPELLINGS = [
    # addresses of this machine and of this network
    "https://127.0.0.1/taskward",
    "https://127.1/taskward",
    "https://127.0.1/taskward",
    "https://2130706433/taskward",
    "https://0x7f000001/taskward",
    "https://0x7f.0.0.1/taskward",
    "https://0177.0.0.1/taskward",
    "https://017700000001/taskward",
    "https://0/taskward",
    "https://0.0.0.0/taskward",
    "https://127.0.0.1./taskward",
    "https://127.000.000.001/taskward",
    "https://localhost/taskward",
    "https://LOCALHOST/taskward",
    "https://localhost./taskward",
    "https://localhost.localdomain/taskward",
    "https://[::1]/taskward",
    "https://[0:0:0:0:0:0:0:1]/taskward",
    "https://[::]/taskward",
    "https://[::ffff:127.0.0.1]/taskward",
    "https://[::ffff:7f00:1]/taskward",
    "https://[::127.0.0.1]/taskward",
    "https://[64:ff9b::7f00:1]/taskward",
    "https://[2002:7f00:1::]/taskward",
    "https://[fe80::1%25eth0]/taskward",
    "https://[fe80::1%eth0]/taskward",
    "https://[fd00::1]/taskward",
    "https://10.0.0.1/taskward",
    "https://172.16.0.1/taskward",
    "https://192.168.0.1/taskward",
    "https://100.64.0.1/taskward",
    "https://169.254.169.254/latest/meta-data",
    "https://169.254.169.254.nip.io/latest",
    "https://[fd00:ec2::254]/latest",
    "https://metadata.google.internal/",
    "https://127.0.0.1.nip.io/taskward",
    # another who looks like the one that is listed
    "https://hooks.example.org:8443/taskward",
    "https://hooks.example.org:/taskward",
    "https://hooks.example.org:0443/taskward",
    "https://hooks.example.org:443@evil.example/taskward",
    "https://hooks.example.org@127.0.0.1/taskward",
    "https://user:password@hooks.example.org/taskward",
    "https://@hooks.example.org/taskward",
    "https://hooks.example.org./taskward",
    "https://HOOKS.example.org/taskward",
    "https://hooks.example.org.evil.example/taskward",
    "https://evil-hooks.example.org/taskward",
    "https://hooks.example.org%2eevil.example/taskward",
    "https://hooks.example.org%00.evil.example/taskward",
    "https://hooks。example。org/taskward",
    "https://ｈooks.example.org/taskward",
    "https://hooks.exämple.org/taskward",
    "https://xn--hooks.example.org/taskward",
    "https://hooks.example.org\\@evil.example/taskward",
    "https://hooks.example.org\\taskward",
    "https:\\\\hooks.example.org\\taskward",
    "https:hooks.example.org/taskward",
    "https:/hooks.example.org/taskward",
    "https:///hooks.example.org/taskward",
    "//hooks.example.org/taskward",
    "http://hooks.example.org/taskward",
    "HTTPS://hooks.example.org/taskward",
    "ftp://hooks.example.org/taskward",
    "file:///etc/passwd",
    "gopher://hooks.example.org/taskward",
    "javascript:alert(1)",
    "data:text/plain,x",
    "urn:uuid:4b7a2f0e-6f1d-4a51-9c53-0d6a1e5c7a10",
    "ws://hooks.example.org/taskward",
    # another path
    "https://hooks.example.org",
    "https://hooks.example.org/",
    "https://hooks.example.org/other",
    "https://hooks.example.org/taskward-other",
    "https://hooks.example.org/Taskward",
    "https://hooks.example.org/taskward/../admin",
    "https://hooks.example.org/taskward/./x",
    "https://hooks.example.org/taskward/%2e%2e/admin",
    "https://hooks.example.org/taskward/%2E%2E%2Fadmin",
    "https://hooks.example.org/taskward/..%2fadmin",
    "https://hooks.example.org/taskward/%5c..%5cadmin",
    "https://hooks.example.org/taskward//x",
    "https://hooks.example.org//taskward",
    "https://hooks.example.org/taskward#x",
    "https://hooks.example.org/taskward?x=1#y",
    "https://hooks.example.org?/taskward",
    "https://hooks.example.org/taskward/%zz",
    "https://hooks.example.org/taskward/%0d%0aHost:%20evil",
    "https://hooks.example.org/taskward?x=%0d%0aX: y",
    # what is no URL
    "https://hooks.example.org/task ward",
    "https://hooks.example.org/taskward\r\nX: y",
    "https://hooks.example.org/taskward\n",
    "https://hooks.example.org/taskward\t",
    " https://hooks.example.org/taskward",
    "https://hooks.example.org/taskward\x7f",
    "https://hooks.example.org/täskward",
    'https://hooks.example.org/taskward"',
    "https://hooks.example.org/taskward|x",
    "https://[hooks.example.org/taskward",
    "https://hooks.example.org]/taskward",
    "https://hooks.example.org:99999/taskward",
    "https://hooks.example.org:x/taskward",
    "https://hooks.example.org:-1/taskward",
    "https://",
    "https://:443/taskward",
    "https://./taskward",
    "https://-hooks.example.org/taskward",
    "https://hooks..example.org/taskward",
    "https://" + "a" * 64 + ".example.org/taskward",
    "https://hooks.example.org/taskward/" + "x" * 2_000,
]


@pytest.fixture(autouse=True)
def listed(db):
    allow(LISTED, path_prefix="/taskward", allows_private=False)


@pytest.fixture
def no_connections(monkeypatch):
    """What would connect or look up, fails the test."""

    def never(*arguments, **more):
        raise AssertionError("something was looked up or connected to")

    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)


def test_there_are_many_spellings():
    assert len(set(SPELLINGS)) == len(SPELLINGS) > 100


@pytest.mark.parametrize("url", SPELLINGS)
def test_a_spelling_is_refused_and_nothing_is_looked_up(no_connections, url):
    with pytest.raises(Refused):
        entry_for(parse(url))
    with pytest.raises(Undelivered):
        Line(url, limit=1).post(b"", {})


@pytest.mark.parametrize("who", ["admin", "service"])
def test_every_write_refuses_every_spelling(api, no_connections, who):
    client = api(who)
    made = client.post("Subscription", subscription(LISTED)).json()
    path = f"Subscription/{made['id']}"
    for url in SPELLINGS:
        changed = made | {"channel": made["channel"] | {"endpoint": url}}
        answers = [
            client.post("Subscription", subscription(url)),
            client.put(path, changed),
            client.patch(path, [{"op": "replace", "path": "/channel/endpoint", "value": url}]),
        ]
        assert {each.status_code for each in answers} <= {400, 422}, url
        for answer in answers:
            assert url not in answer.content.decode()
    assert client.get(path).json()["meta"]["versionId"] == "1"


@pytest.mark.parametrize(
    "url",
    [
        LISTED,
        f"{LISTED}/",
        f"{LISTED}/a/b.c~d",
        f"{LISTED}/a%20b",
        f"{LISTED}?tenant=7&x=%C3%A9",
        "https://hooks.example.org:443/taskward",
    ],
)
def test_what_is_listed_is_sent_to(url):
    assert entry_for(parse(url)).host == "hooks.example.org"


def test_a_host_may_be_an_address():
    Endpoint.objects.create(host="2606:4700::1111", path_prefix="/")
    assert entry_for(parse("https://[2606:4700::1111]/x"))
    with pytest.raises(Refused):
        parse("https://[2606:4700:0::1111]/x")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.1.2.3", "fd00::1", "100.64.0.1"])
def test_a_private_address_is_sent_to_only_when_the_entry_says_so(host):
    entry = Endpoint.objects.create(scheme="http", host=host, port=9000, path_prefix="/")
    url = f"http://[{host}]:9000/x" if ":" in host else f"http://{host}:9000/x"
    with pytest.raises(Refused):
        entry_for(parse(url))
    entry.allows_private = True
    entry.save()
    assert entry_for(parse(url)) == entry


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "fe80::1", "ff02::1"]
    + ["::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::", "2001::1"]
    + ["240.0.0.1", "192.0.0.1", "64:ff9b:1::1", "100::1", "fec0::1"],
)
@pytest.mark.parametrize("allows_private", [True, False])
def test_some_addresses_are_never_sent_to(address, allows_private):
    with pytest.raises(Refused):
        check_address(ipaddress.ip_address(address), Endpoint(allows_private=allows_private))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_others_are(address):
    check_address(ipaddress.ip_address(address), Endpoint())


def looked_up(monkeypatch, *addresses: str) -> None:
    answers = [(0, 0, 0, "", (each, 443)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


def test_a_name_that_leads_inside_is_refused(monkeypatch):
    target = parse(LISTED)
    entry = entry_for(target)
    looked_up(monkeypatch, "93.184.215.14")
    assert resolve(target, entry, limit=1) == ["93.184.215.14"]
    for addresses in (["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["fe80::1%eth0"], ["x"]):
        looked_up(monkeypatch, *addresses)
        with pytest.raises(Refused):
            resolve(target, entry, limit=1)


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(monkeypatch):
    """A name that leads elsewhere a moment later (rebinding) changes nothing."""
    looked_up(monkeypatch, "93.184.215.14")
    asked = []

    def connect(address, timeout):
        asked.append(address)
        looked_up(monkeypatch, "127.0.0.1")
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    line = Line(LISTED, limit=5)
    for _ in range(2):
        with pytest.raises(Undelivered, match="refused"):
            line.post(b"", {})
    assert asked == [("93.184.215.14", 443)] * 2


def test_of_several_addresses_the_first_that_answers_is_used(monkeypatch, receiver):
    url = f"http://receiver.example:{receiver.port}/hook"
    allow(url)
    # The receiver is at the second one only.
    monkeypatch.setattr("fhir.subscriptions.sending.resolve", lambda *_, **__: ["::1", "127.0.0.1"])
    line = Line(url, limit=5)
    assert line.post(b"{}", {}) == 200
    line.close()


def test_a_name_that_is_not_found_in_time_is_given_up(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(30) and [])
    with pytest.raises(Undelivered, match="in time"):
        Line(LISTED, limit=0.05).post(b"", {})
    never.set()


def test_an_endpoint_that_is_not_listed_is_refused_at_the_send(receiver):
    entry = allow(receiver.url)
    made = subscribe(receiver.url)
    entry.delete()
    assert delivering.step()
    assert not receiver.requests
    assert "not one of those" in subscriber(made).attempts.get().fault


# --- the list itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["*.example.org", "Example.org", "exämple.org", "127.1", "0x7f.1", "a b", "", "::01"]
)
def test_an_entry_names_one_host_in_one_spelling(host):
    with pytest.raises(ValidationError):
        Endpoint(host=host).full_clean()


@pytest.mark.parametrize("path", ["", "x", "/../x", "/%2e%2e", "//x", "/a b", "/ä"])
def test_an_entry_names_a_plain_path(path):
    with pytest.raises(ValidationError):
        Endpoint(host="example.org", path_prefix=path).full_clean()
