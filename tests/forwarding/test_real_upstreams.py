"""Unbound and BIND as the upstreams of a server that dig asks: UDP, TCP, TLS, 0x20, cookies.

What is right is what dig gets from the authority itself, NSD.
"""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from minidns.server.control_client import ask as ask_control
from tests import peers
from tests.forwarding.dig import Dug, dig, dig_all
from tests.forwarding.recursors import (
    NSID,
    TLS_NAME,
    UNBOUND_PAYLOAD,
    Authority,
    Recursor,
    find,
    make_certificate,
    run_bind,
    run_unbound,
)
from tests.server.command import Running, serving

pytestmark = pytest.mark.differential

WAYS = ("udp.example.", "tcp.example.", "dot.example.", "bind.example.")  # by upstream
BOTH, SIGNED, DOUBTED = "both.example.", "signed.example.", "doubted.signed.example."
ORIGINS = (*WAYS, BOTH, SIGNED)
LONG = 4000  # octets of a text
TRIES = 200  # of dig, until an upstream is back; each takes tens of milliseconds
ZONE = f"""\
$TTL 3600
@ SOA ns hostmaster 1 7200 3600 1209600 300
@ NS ns
@ MX 10 mail
ns A 192.0.2.53
mail A 192.0.2.25
www A 192.0.2.80
www A 192.0.2.81
www AAAA 2001:db8::80
alias CNAME www
far CNAME www.bind.example.
wild CNAME any.below.star
*.star 60 TXT "from the wildcard"
long TXT {" ".join(f'"{at:0250d}"' for at in range(LONG // 250))}
www.doubted A 192.0.2.90
bogus A 192.0.2.66
""" + "".join(f"many A 192.0.2.{at}\n" for at in range(1, 61))
CONFIGURATION = """\
forward:
  - {{domain: udp.example, upstreams: ['127.0.0.1:{unbound}']}}
  - {{domain: tcp.example, upstreams: ['tcp://127.0.0.1:{unbound}']}}
  - {{domain: dot.example, upstreams: ['tls://127.0.0.1:{tls}#{name}']}}
  - {{domain: bind.example, upstreams: ['127.0.0.1:{bind}']}}
  - {{domain: both.example, upstreams: ['127.0.0.1:{unbound}', '127.0.0.1:{bind}']}}
  - {{domain: signed.example, upstreams: ['127.0.0.1:{unbound}'], trust_ad: true}}
  - {{domain: doubted.signed.example, upstreams: ['127.0.0.1:{unbound}']}}
tls_ca_file: {certificate}
nsid: minidns-itself
"""


class World(NamedTuple):
    """All that runs, and where it is asked."""

    minidns: Running
    authority: tuple[str, int]
    unbound: Recursor
    control: Path

    def ask(self, *words: str) -> Dug:
        return dig(self.minidns.addresses[0], *words)

    def ask_all(self, questions: Sequence[Sequence[str]], *more: str) -> list[Dug]:
        return dig_all(self.minidns.addresses[0], questions, *more)

    def stats(self) -> dict[str, int]:
        lines = map(str.split, ask_control(self.control, ["cache", "stats"]))
        return {name: int(value) for name, value in lines}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("real")
    zones = {}
    for origin in ORIGINS:
        zones[origin] = directory / f"{origin}zone"
        zones[origin].write_text(ZONE)
    zones[SIGNED], anchor = sign(directory, zones[SIGNED])
    control = directory / "control.sock"
    with ExitStack() as running:
        peers.require("nsd")
        nsd = running.enter_context(peers.run_peer("nsd", zones))
        authority = Authority(nsd.port, ORIGINS, anchor, (*WAYS, BOTH))
        certificate = make_certificate(directory)
        unbound = running.enter_context(run_unbound(directory, authority, certificate))
        bind = running.enter_context(run_bind(directory, authority))
        config = directory / "minidns.yaml"
        config.write_text(
            CONFIGURATION.format(
                unbound=unbound.port,
                tls=unbound.tls_port,
                name=TLS_NAME,
                bind=bind.port,
                certificate=certificate.path,
            )
        )
        (directory / "zones").mkdir()
        options = ("--config", str(config), "--control", str(control))
        minidns = running.enter_context(serving(directory / "zones", *options))
        yield World(minidns, (nsd.address, nsd.port), unbound, control)


def sign(directory: Path, zone: Path) -> tuple[Path, Path]:
    """The signed zone, in which one record was changed afterwards, and the DS record of its key."""
    keygen, signzone = (find(name, "bind9-utils") for name in ("dnssec-keygen", "dnssec-signzone"))
    words = ("-q", "-K", directory, "-a", "ECDSAP256SHA256", "-f", "KSK", SIGNED)
    subprocess.run([keygen, *words], check=True, capture_output=True)
    (key,) = directory.glob("K*.key")
    with zone.open("a") as file:
        file.write(key.read_text())
    signed = directory / "signed"
    words = ("-q", "-z", "-K", directory, "-d", directory, "-o", SIGNED, "-f", signed, zone)
    subprocess.run([signzone, *words], check=True, capture_output=True)
    signed.write_text(signed.read_text().replace("192.0.2.66", "203.0.113.66"))
    return signed, directory / f"dsset-{SIGNED}"


QUESTIONS = (
    *(("www", "A"), ("WwW", "AAAA"), ("www", "MX"), ("alias", "A"), ("wild", "TXT")),
    *(("gone", "A"), ("b.star", "TXT"), ("star", "A")),
)


@pytest.mark.parametrize("more", ["+edns=0", "+tcp", "+noedns"])
def test_what_the_authority_says_is_what_clients_get(world: World, more: str) -> None:
    questions = [(f"{name}.{origin}", rtype) for origin in WAYS for name, rtype in QUESTIONS]
    all_ours = world.ask_all(questions, more)
    all_right = dig_all(world.authority, questions, more)
    for ours, right in zip(all_ours, all_right, strict=True):
        assert (ours.status, ours.question) == (right.status, right.question)
        assert {each.lower() for each in ours.records} == {each.lower() for each in right.records}
        assert ours.flags == {"qr", "rd", "ra"}
        assert all(ttl <= 3600 for ttl in ours.ttls)
        assert bool(ours.opt) == (more != "+noedns")
        soas = [record.split()[0] for record in ours.authority]
        assert len(soas) == (not right.answer)
        assert all(ours.question.endswith(f"{soa} IN {ours.question.split()[2]}") for soa in soas)


@pytest.mark.parametrize("origin", WAYS)
def test_a_long_text_comes_over_tcp(world: World, origin: str) -> None:
    """From Unbound to here because its datagrams are short, from here to dig because ours are."""
    before = world.stats()
    cut = world.ask(f"long.{origin}", "TXT", "+ignore", "+bufsize=4096")
    assert (cut.protocol, "tc" in cut.flags, cut.answer) == ("UDP", True, ())
    assert cut.octets <= 1232
    whole = world.ask(f"long.{origin}", "TXT")
    assert (whole.protocol, whole.status) == ("TCP", "NOERROR")
    assert whole.octets > LONG
    assert whole.records == dig(world.authority, f"long.{origin}", "TXT", "+tcp").records
    after = world.stats()
    assert after["upstream_truncated"] - before["upstream_truncated"] == (
        origin in ("udp.example.", "bind.example.")
    )
    # What is over 512 octets and under 1,232 is in one datagram for a client all the same.
    many = world.ask(f"many.{origin}", "A", "+bufsize=1232")
    assert (many.protocol, len(many.answer), many.octets > UNBOUND_PAYLOAD) == ("UDP", 60, True)


def test_nothing_is_taken_for_a_forgery(world: World) -> None:
    """Both keep the case of names, so that 0x20 stays; and connections are kept."""
    names = [f"new{number}.star.{origin}" for number in range(8) for origin in WAYS]
    before = world.stats()
    replies = world.ask_all([(name, "TXT") for name in names])
    assert [one.records for one in replies] == [
        {f'{name} TXT "from the wildcard"'} for name in names
    ]
    after = world.stats()
    assert after["upstream_replies"] - before["upstream_replies"] == len(names)
    assert after["upstream_connections"] - before["upstream_connections"] <= 2
    for what in ("mismatched", "other_case", "malformed", "oversized", "unreachable"):
        assert after[f"upstream_{what}"] == 0, what


@pytest.mark.parametrize("origin", WAYS)
def test_what_is_kept_is_not_asked_again(world: World, origin: str) -> None:
    first = world.ask(f"kept.star.{origin}", "TXT")
    sent = world.stats()["upstream_sent"]
    for more in ("+tcp", "+notcp"):
        again = world.ask(f"KEPT.star.{origin}", "TXT", more)
        assert again.records == {f'KEPT.star.{origin} TXT "from the wildcard"'}
        assert again.ttls <= first.ttls
    assert world.stats()["upstream_sent"] == sent
    world.ask(f"kept.star.{origin}", "TXT", "+dnssec")  # DO is a question of its own
    assert world.stats()["upstream_sent"] == sent + 1


def test_signatures_come_with_do_and_ad_only_from_who_is_trusted(world: World) -> None:
    for more in ((), ("+tcp",)):
        signed = world.ask(f"www.{SIGNED}", "A", "+dnssec", *more)
        right = dig(world.authority, f"www.{SIGNED}", "A", "+dnssec", *more)
        assert sorted(signed.types) == ["A", "A", "RRSIG"]
        assert signed.records == right.records
        assert signed.flags == {"qr", "rd", "ra", "ad"}
        assert "do" in signed.opt["flags"]
        plain = world.ask(f"www.{SIGNED}", "A", "+noadflag", *more)
        assert (plain.types, plain.flags) == (["A", "A"], {"qr", "rd", "ra"})
        doubted = world.ask(f"www.{DOUBTED}", "A", "+dnssec", *more)
        assert doubted.types == ["A", "RRSIG"]
        assert doubted.flags == {"qr", "rd", "ra"}
    denied = world.ask(f"gone.{SIGNED}", "A", "+dnssec")
    assert denied.status == "NXDOMAIN"
    assert {record.split()[3] for record in denied.authority} == {"SOA", "NSEC", "RRSIG"}


def test_what_a_validator_refuses_is_refused_unless_checking_is_disabled(world: World) -> None:
    bogus = world.ask(f"bogus.{SIGNED}", "A")
    assert (bogus.status, bogus.answer) == ("SERVFAIL", ())
    assert "EDE" in bogus.opt
    unchecked = world.ask(f"bogus.{SIGNED}", "A", "+cdflag")
    assert unchecked.records == {f"bogus.{SIGNED} A 203.0.113.66"}
    assert unchecked.flags == {"qr", "rd", "ra", "cd"}
    assert world.ask(f"bogus.{SIGNED}", "A").status == "SERVFAIL"  # not out of the other's answer


@pytest.mark.parametrize("origin", WAYS)
def test_options_are_between_two_neighbours(world: World, origin: str) -> None:
    """NSID, cookies and ECS of dig are answered here, and not by who is asked in turn."""
    options = ("+nsid", "+cookie=0123456789abcdef", "+subnet=203.0.113.0/24", "+ednsopt=65001:aa")
    name = f"options.star.{origin}"
    for _ in range(2):  # from the upstream, then out of the cache
        reply = world.ask(name, "TXT", *options)
        assert reply.records == {f'{name} TXT "from the wildcard"'}
        assert "minidns-itself" in reply.opt["NSID"]
        assert not any(text in str(reply.opt) for text in NSID.values())
        cookie, verdict = reply.opt["COOKIE"].split()
        assert (cookie[:16], len(cookie), verdict) == ("0123456789abcdef", 48, "(good)")
        assert reply.opt.keys() == {"version", "flags", "udp", "NSID", "COOKIE"}
        assert reply.opt["udp"] == "1232"
        again = world.ask(name, "TXT", f"+cookie={cookie}")
        assert (again.status, again.opt["COOKIE"]) == ("NOERROR", f"{cookie} (good)")
    assert "COOKIE" not in world.ask(name, "TXT", "+nocookie").opt


@pytest.mark.parametrize("more", ["+notcp", "+tcp"])
def test_any_is_asked_of_nobody(world: World, more: str) -> None:
    sent = world.stats()["upstream_sent"]
    for origin in WAYS:
        reply = world.ask(f"www.{origin}", "ANY", more)
        assert (reply.status, reply.answer) == ("REFUSED", ())
    assert world.stats()["upstream_sent"] == sent


@pytest.mark.parametrize("origin", WAYS)
def test_a_chain_goes_over_to_another_upstream(world: World, origin: str) -> None:
    reply = world.ask(f"far.{origin}", "AAAA")
    assert reply.records == {
        f"far.{origin} CNAME www.bind.example.",
        "www.bind.example. AAAA 2001:db8::80",
    }
    assert reply.types == ["CNAME", "AAAA"]


def test_without_recursion_desired_nothing_is_told(world: World) -> None:
    world.ask(f"www.{WAYS[0]}", "A")
    reply = world.ask(f"www.{WAYS[0]}", "A", "+norecurse")
    assert (reply.status, reply.answer) == ("REFUSED", ())


def test_a_recursor_that_hangs_is_not_felt_and_comes_back(world: World) -> None:
    """Unbound held still by SIGSTOP: BIND answers; let go, its connections and it are used again.

    Last, since timed-out queries are counted.
    """
    kept = f"before.star.{WAYS[2]}", "TXT"
    assert world.ask(*kept).status == "NOERROR"
    held = [f"held{number}.star.{BOTH}" for number in range(3)]
    lone = f"held.star.{WAYS[1]}"
    world.unbound.process.send_signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(len(held) + 1) as at_once:
            *replies, failed = at_once.map(lambda name: world.ask(name, "TXT"), (*held, lone))
        for name, reply in zip(held, replies, strict=True):
            assert reply.records == {f'{name} TXT "from the wildcard"'}
        assert failed.status == "SERVFAIL"
        assert "EDE" in failed.opt
        assert world.ask(*kept).status == "NOERROR"
    finally:
        world.unbound.process.send_signal(signal.SIGCONT)
    for origin in WAYS:
        name = f"after.star.{origin}"
        for _ in range(TRIES):  # it was put aside: until a probe has found it
            reply = world.ask(name, "TXT")
            if reply.status == "NOERROR":
                break
        assert reply.records == {f'{name} TXT "from the wildcard"'}
