"""Endpoints by https: the certificate must be of the host that is listed, and be trusted."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fhir.subscriptions import sending
from fhir.subscriptions.sending import Line, Undelivered
from tests.integration.subscriptions.conftest import allow

pytestmark = pytest.mark.django_db


def certificate(folder, name: str):
    """A file with a key and a certificate of its own for a host."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def speak_tls(receiver, file) -> str:
    """The receiver's URL, by https from now on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    url = f"https://localhost:{receiver.port}/hook"
    allow(url)
    return url


def trust(monkeypatch, file) -> None:
    context = ssl.create_default_context(cafile=file)
    monkeypatch.setattr(sending, "_tls", lambda: context)


def test_a_host_with_a_certificate_that_is_trusted_is_told(receiver, monkeypatch, tmp_path):
    file = certificate(tmp_path, "localhost")
    trust(monkeypatch, file)
    line = Line(speak_tls(receiver, file), limit=10)
    assert [line.post(b"{}", {}) for _ in range(2)] == [200, 200]
    line.close()
    assert [each.headers["Host"] for each in receiver.requests] == [
        f"localhost:{receiver.port}"
    ] * 2


def test_one_that_is_not_trusted_is_not(receiver, tmp_path):
    line = Line(speak_tls(receiver, certificate(tmp_path, "localhost")), limit=10)
    with pytest.raises(Undelivered, match="certificate"):
        line.post(b"{}", {})
    assert receiver.requests == []


def test_nor_is_one_of_another_host(receiver, monkeypatch, tmp_path):
    file = certificate(tmp_path, "other.example")
    trust(monkeypatch, file)
    line = Line(speak_tls(receiver, file), limit=10)
    with pytest.raises(Undelivered, match="certificate"):
        line.post(b"{}", {})
    assert receiver.requests == []


def test_a_handshake_that_does_not_end_is_ended():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}/hook"
        allow(url)
        with pytest.raises(Undelivered, match="within"):
            Line(url, limit=0.2).post(b"{}", {})
