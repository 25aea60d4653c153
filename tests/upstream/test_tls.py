"""DNS over TLS (RFC 7858) with a certificate made for the test by openssl."""

import asyncio
import shutil
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import dns.name
import pytest

from minidns.resolver.model import Failure, FailureKind, Protocol, Question, Upstream
from minidns.upstream.exchange import Upstreams
from minidns.wire.reply import Reply
from tests.upstream.fake_upstream import fake_upstream, run

QUESTION = Question(dns.name.from_text("www.example.").to_wire(), 1)
NAME = "dns.example"
LATE = 10.0  # seconds, for what comes at once

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate that vouches for itself, and the server's side of TLS with it."""
    directory = tmp_path_factory.mktemp("tls")
    path, key = directory / "certificate.pem", directory / "key.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    names = f"subjectAltName=DNS:{NAME},IP:127.0.0.1"
    command = ["openssl", *words.split(), "-addext", names, "-keyout", key, "-out", path]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return path, context


@pytest.mark.parametrize("name", [NAME, ""])
def test_a_certificate_for_the_name_or_the_address(
    certificate: tuple[Path, ssl.SSLContext], name: str
) -> None:
    path, context = certificate

    async def main() -> None:
        async with fake_upstream(tls=context) as fake:
            upstreams = Upstreams(ca_file=path)
            for _ in range(3):
                upstream = fake.upstream(Protocol.TLS, name)
                reply = await upstreams.exchange(upstream, QUESTION, LATE)
                assert isinstance(reply, Reply), reply
                assert reply.answer[0].rdata == bytes((192, 0, 2, 1))
            assert fake.connections == 1
            assert {len(asked.wire) % 128 for asked in fake.asked} == {0}  # RFC 8467
            assert {asked.protocol for asked in fake.asked} == {"tls"}
            await upstreams.close()

    run(main())


@pytest.mark.parametrize(
    ("name", "is_known", "text"),
    [("other.example", True, "is not valid for 'other.example'"), (NAME, False, "self")],
)
def test_a_certificate_that_is_not_accepted(
    certificate: tuple[Path, ssl.SSLContext], name: str, is_known: bool, text: str
) -> None:
    path, context = certificate

    async def main() -> None:
        async with fake_upstream(tls=context) as fake:
            upstreams = Upstreams(ca_file=path if is_known else None)
            upstream = fake.upstream(Protocol.TLS, name)
            reply = await upstreams.exchange(upstream, QUESTION, LATE)
            assert isinstance(reply, Failure)
            assert reply.kind is FailureKind.UNREACHABLE
            assert reply.text.startswith(f"its certificate is not accepted for '{name}'")
            assert text in reply.text
            assert "\n" not in reply.text
            assert fake.asked == []
            await upstreams.close()

    run(main())


def test_no_tls_there() -> None:
    async def speak_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def main() -> None:
        async with await asyncio.start_server(speak_http, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            upstreams = Upstreams()
            upstream = Upstream(host, port, Protocol.TLS, NAME)
            reply = await upstreams.exchange(upstream, QUESTION, LATE)
            assert isinstance(reply, Failure)
            assert reply.kind is FailureKind.UNREACHABLE
            assert reply.text.startswith("TLS was not agreed on: ")
            await upstreams.close()

    run(main())
