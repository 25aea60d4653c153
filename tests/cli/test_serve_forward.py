"""`minidns serve --forward`: one server's names asked of another, both real processes."""

from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.server.command import COM, NET, run_command, serving, write_zones


def test_names_outside_come_from_the_upstream(tmp_path: Path) -> None:
    """Over UDP and TCP, also by two workers; nothing is lost at the end."""
    far, near = write_zones(tmp_path / "far", net=NET), write_zones(tmp_path / "near", com=COM)
    outside = dns.message.make_query("mail.example.net.", "AAAA")
    with serving(far) as upstream:
        host, port = upstream.addresses[0]
        for more in ((), ("--workers", "2")):
            with serving(near, "--forward", f"{host}:{port}", *more) as server:
                assert f"other names from {host}:{port} on " in server.ready
                for is_tcp in (False, True):
                    reply = server.ask(outside, is_tcp)
                    assert reply.answer[0][0].to_text() == "2001:db8::25"
                    assert reply.flags & dns.flags.RA
                    assert not reply.flags & dns.flags.AA
                inside = server.ask(dns.message.make_query("www.example.com.", "A"))
                assert inside.flags & dns.flags.AA
                assert server.end()[0] == 0


def test_kept_while_the_upstream_is_gone(tmp_path: Path) -> None:
    far, near = write_zones(tmp_path / "far", net=NET), write_zones(tmp_path / "near", com=COM)
    outside = dns.message.make_query("mail.example.net.", "AAAA")
    with serving(far) as upstream:
        host, port = upstream.addresses[0]
        with serving(near, "--forward", f"{host}:{port}") as server:
            first = server.ask(outside)
            assert upstream.end()[0] == 0
            assert server.ask(outside).answer[0].items.keys() == first.answer[0].items.keys()
            other = server.ask(dns.message.make_query("other.example.net.", "A"))
            assert other.rcode() == dns.rcode.SERVFAIL
            www = server.ask(dns.message.make_query("www.example.com.", "A"))
            assert www.rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--forward", "nonsense"), "--forward: 'nonsense'"),
        (("--forward", "127.0.0.1:5391", "--listen", "127.0.0.1:5391"), "this server itself"),
        (("--forward", "192.0.2.1", "--allow", "0.0.0.0/0"), "open to the public"),
        (("--forward", "192.0.2.1", "--allow", "10.0.0.0/33"), "--allow: "),
        (("--no-forward", "--allow", "10.0.0.0/8"), "--allow is about names that are forwarded"),
        (
            ("--cache-file", "kept", "--no-forward"),
            "--cache-file is about names that are forwarded",
        ),
    ],
)
def test_not_started(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    zones = write_zones(tmp_path / "zones", com=COM)
    result = run_command("serve", "--zones", zones, *arguments)
    assert result.returncode == 2
    assert text in result.stderr
    assert result.stderr.count("\n") == 1


def test_both_ways_at_once(tmp_path: Path) -> None:
    result = run_command("serve", "--forward", "192.0.2.1", "--no-forward")
    assert result.returncode == 2
    assert "not allowed with" in result.stderr
