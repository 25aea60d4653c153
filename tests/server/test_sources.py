"""Hosts files, block lists, the system's resolvers: in answers, at the start, at a change."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from minidns.config import BlockSettings, ForwardGroup, ResolverSettings, ServeSettings
from minidns.resolver.model import Upstream
from minidns.server import sources as sources_module
from minidns.server.name_lists import NameLists, read_name_lists
from minidns.server.resolving import Resolving
from minidns.server.sources import Sources, follow_sources, read_sources
from minidns.server.start_error import StartError
from minidns.server.system_resolvers import SystemResolvers
from minidns.zone.fingerprint import fingerprint_of
from minidns.zone.model import Catalog, Fault
from tests.server.loaded import catalog_of
from tests.server.test_resolving import UDP, rdatas, responder_of
from tests.upstream.fake_upstream import Acts, Asked, answer_all, fake_upstream, run

LOOPBACK, STRANGER = b"\x7f\x00\x00\x01", b"\xcb\x00\x71\x05"
HOSTS = b"192.168.1.10 nas.lan NAS\nfd00::10 nas.lan\n"
BLOCK = b"0.0.0.0 ads.example.net\ntracker.example\n"
ALLOW = b"good.tracker.example\n"
NO_ZONES = Catalog({})
Ask = Callable[..., "asyncio.Future[dns.message.Message]"]


def _settings(
    directory: Path, where: str | None, answer: str = "nxdomain", hosts: bytes = HOSTS
) -> ResolverSettings:
    for name, data in (("hosts", hosts), ("block", BLOCK), ("allow", ALLOW)):
        (directory / name).write_bytes(data)
    return ResolverSettings(
        is_on=where is not None,
        forward=() if where is None else (ForwardGroup((where,)),),
        hosts=(directory / "hosts",),
        block=BlockSettings((directory / "block",), (directory / "allow",), answer),
    )


def _with_lists(
    directory: Path,
    use: "Callable[[Ask, list[str], Resolving], object]",
    script: Callable[[Asked], Acts] = answer_all,
    answer: str = "nxdomain",
    is_on: bool = True,
    catalog: Catalog = NO_ZONES,
    hosts: bytes = HOSTS,
) -> None:
    async def main() -> None:
        async with fake_upstream(script) as fake:
            where = f"{fake.host}:{fake.port}" if is_on else None
            settings = _settings(directory, where, answer, hosts)
            sources = Sources(read_name_lists(settings), {}, None)
            resolving = Resolving(settings, None, sources)
            responder = responder_of(resolving, catalog)

            async def ask(
                name: str, rtype: str = "A", client: bytes = LOOPBACK
            ) -> dns.message.Message:
                query = dns.message.make_query(name, rtype, use_edns=0)
                reply = responder.respond(query.to_wire(), client, UDP)
                wire = reply if isinstance(reply, bytes) else await reply
                assert responder.failures == 0
                return dns.message.from_wire(wire)

            asked = fake.asked
            await use(ask, asked, resolving)
            await resolving.close()

    run(main())


def _errors(reply: dns.message.Message) -> list[int]:
    return [int(one.code) for one in reply.options if isinstance(one, dns.edns.EDEOption)]


@pytest.mark.parametrize("is_on", [True, False], ids=["forwarding", "alone"])
def test_names_of_hosts_files_and_their_reverse_names(tmp_path: Path, is_on: bool) -> None:
    async def use(ask: Ask, asked: list[object], _: Resolving) -> None:
        for name, rtype, expected in (
            ("NAS.lan.", "A", ["192.168.1.10"]),
            ("nas.", "A", ["192.168.1.10"]),
            ("nas.lan.", "AAAA", ["fd00::10"]),
            ("nas.lan.", "HTTPS", []),
            ("10.1.168.192.in-addr.arpa.", "PTR", ["nas.lan."]),
        ):
            reply = await ask(name, rtype)
            assert (rdatas(reply), reply.rcode()) == (expected, dns.rcode.NOERROR)
            assert reply.flags & dns.flags.AA
        assert (await ask("nas.lan.", client=STRANGER)).rcode() == dns.rcode.REFUSED
        assert asked == []

    _with_lists(tmp_path, use, is_on=is_on)


@pytest.mark.parametrize(
    ("answer", "rcode", "expected"),
    [
        ("nxdomain", dns.rcode.NXDOMAIN, []),
        ("nodata", dns.rcode.NOERROR, []),
        ("192.0.2.99", dns.rcode.NOERROR, ["192.0.2.99"]),
    ],
)
def test_blocked_names(tmp_path: Path, answer: str, rcode: int, expected: list[str]) -> None:
    async def use(ask: Ask, asked: list[object], _: Resolving) -> None:
        for name in ("ads.example.net.", "tracker.example.", "Deep.Tracker.example."):
            reply = await ask(name)
            assert (reply.rcode(), rdatas(reply)) == (rcode, expected)
            assert _errors(reply) == [dns.edns.EDECode.BLOCKED]
        assert asked == []
        assert (await ask("ads.example.net.", client=STRANGER)).rcode() == dns.rcode.REFUSED
        for name in ("below.ads.example.net.", "a.good.tracker.example."):
            assert rdatas(await ask(name)) == ["192.0.2.1"]
        assert len(asked) == 2

    _with_lists(tmp_path, use, answer=answer)


def test_a_chain_from_upstream_that_leads_to_a_listed_name(tmp_path: Path) -> None:
    """What the upstream says of the blocked name, or of one that stands here, is not believed."""

    def script(asked: Asked) -> Acts:
        target = "tracker.example." if asked.text.startswith("cloak") else "nas.lan."
        return [asked.reply(f"@ 300 CNAME {target}", f"{target} 300 A 203.0.113.66")]

    async def use(ask: Ask, asked: list[object], _: Resolving) -> None:
        for _again in range(2):
            cloaked = await ask("cloak.example.net.")
            assert rdatas(cloaked) == ["tracker.example."]
            assert cloaked.rcode() == dns.rcode.NXDOMAIN
            assert _errors(cloaked) == [dns.edns.EDECode.BLOCKED]
            home = await ask("home.example.net.")
            assert rdatas(home) == ["nas.lan.", "192.0.2.10"]
            assert (await ask("home.example.net.", "AAAA")).answer == []  # rebinding
            assert _errors(await ask("home.example.net.", "AAAA")) == [dns.edns.EDECode.FILTERED]
            assert rdatas(await ask("nas.lan.", "AAAA")) == ["fd00::10"]

    _with_lists(tmp_path, use, script, hosts=b"192.0.2.10 nas.lan\nfd00::10 nas.lan\n")


def test_a_zone_comes_first_and_leads_to_listed_names(tmp_path: Path) -> None:
    zones = {
        "lan.": """
            @ 300 IN SOA ns.lan. hostmaster.lan. 1 7200 3600 1209600 300
            @ 300 IN NS ns.lan.
            box 300 IN CNAME nas.
            ad 300 IN CNAME tracker.example.
            """,
        "ads.example.net.": """
            @ 300 IN SOA ns.lan. hostmaster.lan. 1 7200 3600 1209600 300
            @ 300 IN NS ns.lan.
            @ 300 IN A 192.0.2.77
            """,
    }

    async def use(ask: Ask, asked: list[object], _: Resolving) -> None:
        assert (await ask("nas.lan.")).rcode() == dns.rcode.NXDOMAIN
        assert rdatas(await ask("ads.example.net.")) == ["192.0.2.77"]
        assert rdatas(await ask("box.lan.")) == ["nas.", "192.168.1.10"]
        blocked = await ask("ad.lan.")
        assert (rdatas(blocked), blocked.rcode()) == (["tracker.example."], dns.rcode.NXDOMAIN)
        assert _errors(blocked) == [dns.edns.EDECode.BLOCKED]
        assert asked == []

    _with_lists(tmp_path, use, catalog=catalog_of(zones))


def test_other_lists_forget_what_was_kept(tmp_path: Path) -> None:
    async def use(ask: Ask, asked: list[object], resolving: Resolving) -> None:
        assert rdatas(await ask("later.example.net.")) == ["192.0.2.1"]
        (tmp_path / "block").write_text("later.example.net\n")
        settings = _settings_as_they_are(tmp_path)
        resolving.take_lists(read_name_lists(settings))
        assert (await ask("later.example.net.")).rcode() == dns.rcode.NXDOMAIN
        assert rdatas(await ask("tracker.example.")) == ["192.0.2.1"]

    _with_lists(tmp_path, use)


def test_what_is_on_its_way_when_its_name_is_blocked_is_not_kept(tmp_path: Path) -> None:
    held = asyncio.Event()

    def script(asked: Asked) -> Acts:
        return [held, asked.reply("@ 300 A 192.0.2.1")]

    async def use(ask: Ask, asked: list[object], resolving: Resolving) -> None:
        waiting = asyncio.ensure_future(ask("later.example.net."))
        while not asked:
            await asyncio.sleep(0)
        (tmp_path / "block").write_text("later.example.net\n")
        resolving.take_lists(read_name_lists(_settings_as_they_are(tmp_path)))
        held.set()
        assert rdatas(await waiting) == ["192.0.2.1"]
        assert (await ask("later.example.net.")).rcode() == dns.rcode.NXDOMAIN

    _with_lists(tmp_path, use, script)


def _settings_as_they_are(directory: Path) -> ResolverSettings:
    return ResolverSettings(block=BlockSettings((directory / "block",)))


def test_faults_have_their_lines_and_the_rest_counts(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("# mine\n192.0.2.1\n192.0.2.2 b.lan\n")
    (tmp_path / "block").write_text("a.example\n||b.example^\n")
    block = BlockSettings((tmp_path / "block",))
    lists = read_name_lists(ResolverSettings(hosts=(tmp_path / "hosts",), block=block))
    places = [(fault.mark.file, fault.mark.line, fault.severity) for fault in lists.faults]
    assert places == [
        (str(tmp_path / "hosts"), 2, "warning"),
        (str(tmp_path / "block"), 2, "warning"),
    ]
    assert b"\x01b\x03lan\x00" in (lists.hosts or ())
    assert len(lists.block or ()) == 1


def test_no_start_with_a_list_that_is_not_there(tmp_path: Path) -> None:
    faults: list[Fault] = []
    resolver = ResolverSettings(hosts=(tmp_path / "none",))
    with pytest.raises(StartError, match="hosts files or block lists"):
        read_sources(ServeSettings(resolver=resolver), faults.extend)
    assert [fault.rule for fault in faults] == ["no-such-path"]


def test_changes_are_followed(tmp_path: Path) -> None:
    """Both the lists, once they rest, and the system's resolvers; damage changes nothing."""
    conf, hosts = tmp_path / "resolv.conf", tmp_path / "hosts"
    conf.write_text("nameserver 192.0.2.1\n")
    hosts.write_text("192.0.2.1 a.lan\n")
    settings = ResolverSettings(hosts=(hosts,))
    system = SystemResolvers(lambda _: False, conf, ())
    system.read()
    sources = Sources(read_name_lists(settings), fingerprint_of([hosts]), system)
    taken: asyncio.Queue[NameLists] = asyncio.Queue()
    asked: asyncio.Queue[tuple[Upstream, ...]] = asyncio.Queue()

    async def main() -> None:
        following = asyncio.ensure_future(
            follow_sources(settings, sources, taken.put_nowait, asked.put_nowait, 0.001)
        )
        conf.write_text("nameserver 192.0.2.22\n")
        assert [one.address for one in await asked.get()] == ["192.0.2.22"]
        hosts.write_text("192.0.2.1 bee.lan\n")
        assert b"\x03bee\x03lan\x00" in ((await taken.get()).hosts or ())
        hosts.unlink()
        conf.write_text("nameserver 192.0.2.233\n")
        await asked.get()
        new = tmp_path / "new"
        new.write_text("192.0.2.1 cat.lan\n")
        os.rename(new, hosts)
        assert b"\x03cat\x03lan\x00" in ((await taken.get()).hosts or ())
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    run(main())


def test_other_upstreams_keep_what_is_cached() -> None:
    async def main() -> None:
        async with fake_upstream(answer_all) as first, fake_upstream(answer_all) as second:
            where = f"{first.host}:{first.port}"
            resolving = Resolving(ResolverSettings(forward=(ForwardGroup((where,)),)))
            responder = responder_of(resolving, Catalog({}))

            async def ask(name: str) -> None:
                reply = responder.respond(
                    dns.message.make_query(name, "A").to_wire(), LOOPBACK, UDP
                )
                wire = reply if isinstance(reply, bytes) else await reply
                assert rdatas(dns.message.from_wire(wire)) == ["192.0.2.1"]

            await ask("a.example.net.")
            resolving.take_upstreams((second.upstream(),))
            await ask("a.example.net.")
            await ask("b.example.net.")
            assert [len(one.asked) for one in (first, second)] == [1, 1]
            await resolving.close()

    run(main())


@pytest.mark.parametrize(
    ("text", "expected", "said"),
    [
        ("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", ("192.0.2.1", "2001:db8::1"), ""),
        ("nameserver 127.0.0.1\nnameserver 192.0.2.1\n", ("192.0.2.1",), "is this server itself"),
        ("search lan\n", (), "names no resolver but this server: name one with --forward"),
    ],
)
def test_the_resolvers_of_the_system_where_nothing_else_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    text: str,
    expected: tuple[str, ...],
    said: str,
) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text(text)
    made = partial(SystemResolvers, path=conf, real_lists=())
    monkeypatch.setattr(sources_module, "SystemResolvers", made)
    settings = ServeSettings(listen=("127.0.0.1:53",), resolver=ResolverSettings())
    settings, sources = read_sources(settings, lambda _: None)
    assert settings.resolver.forward == (ForwardGroup(expected),)
    assert sources is not None
    assert sources.system is not None
    assert len(caplog.messages) == bool(said)
    assert said in " ".join(caplog.messages)


def test_dockers_resolver_is_used_behind_a_socket_at_all_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 127.0.0.11\n")
    made = partial(SystemResolvers, path=conf, real_lists=())
    monkeypatch.setattr(sources_module, "SystemResolvers", made)
    settings = ServeSettings(listen=(":53",), resolver=ResolverSettings())
    settings, _ = read_sources(settings, lambda _: None)
    assert settings.resolver.forward == (ForwardGroup(("127.0.0.11",)),)
    assert caplog.messages == []


def test_groups_for_domains_leave_other_names_to_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 192.0.2.9\n")
    made = partial(SystemResolvers, path=conf, real_lists=())
    monkeypatch.setattr(sources_module, "SystemResolvers", made)
    groups = ForwardGroup(("10.0.0.53",), "corp.example."), ForwardGroup((), "lan.")
    settings, sources = read_sources(
        ServeSettings(resolver=ResolverSettings(forward=groups)), lambda _: None
    )
    assert settings.resolver.forward == (ForwardGroup(("192.0.2.9",)), *groups)
    assert sources is not None
    assert sources.system is not None


def test_what_is_said_wins_over_the_system() -> None:
    """Nothing of the machine is even looked at."""
    for resolver in (
        ResolverSettings(forward=(ForwardGroup(("192.0.2.1",)),)),
        ResolverSettings(forward=(ForwardGroup(()),)),
        ResolverSettings(forward=(ForwardGroup(("192.0.2.1",), clients=("10.0.0.0/8",)),)),
        ResolverSettings(is_on=False),
    ):
        settings = ServeSettings(resolver=resolver)
        same, sources = read_sources(settings, lambda _: None)
        assert same == settings
        assert sources is None or sources.system is None
