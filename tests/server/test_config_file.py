"""The configuration file: what is read, and each fault with line, column, rule and way out."""

from pathlib import Path

import pytest

from minidns.config import ForwardGroup, ServeSettings, ZoneView
from minidns.server.config_file import Configuration, read_config


def _read(directory: Path, text: str) -> Configuration:
    path = directory / "minidns.yaml"
    path.write_text(text)
    return read_config(path)


def _settings(directory: Path, text: str) -> ServeSettings:
    settings, faults = _read(directory, text)
    assert faults == []
    return settings


def _places(directory: Path, text: str) -> list[str]:
    _, faults = _read(directory, text)
    return [f"{fault.mark.line}:{fault.mark.column} {fault.rule}" for fault in faults]


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "# nothing\n")
    assert settings.zones == ServeSettings().zones
    assert settings.resolver.is_on
    assert settings.resolver.forward is None


def test_server_settings(tmp_path: Path) -> None:
    text = "listen: [':53']\nstrict: yes\nworkers: 2\nnsid: no\nlimits: {tcp_idle: 500ms}\n"
    settings = _settings(tmp_path, text)
    assert (settings.listen, settings.strict, settings.workers) == ((":53",), True, 2)
    assert settings.nsid == "no"
    assert settings.limits.tcp_idle == 0.5


def test_forward_groups(tmp_path: Path) -> None:
    text = """
forward:
  - 9.9.9.9
  - tls://9.9.9.9#dns.quad9.net
  - {domain: Corp.Example, upstreams: 10.0.0.53, policy: race, trust_ad: true}
  - {domain: corp.example, upstreams: [10.0.0.54], clients: [10.0.0.0/8]}
  - {domain: lan., upstreams: []}
"""
    assert _settings(tmp_path, text).resolver.forward == (
        ForwardGroup(("9.9.9.9", "tls://9.9.9.9#dns.quad9.net")),
        ForwardGroup(("10.0.0.53",), "corp.example.", "race", True),
        ForwardGroup(("10.0.0.54",), "corp.example.", clients=("10.0.0.0/8",)),
        ForwardGroup((), "lan."),
    )


def test_resolver_settings(tmp_path: Path) -> None:
    (tmp_path / "ads.txt").touch()
    text = """
allow: [203.0.113.0/24]
private_domains: plex.direct
hosts: ads.txt
block: {files: [ads.txt], answer: nodata}
cache: {size: 128 MiB, stale: 3h, stale_ttl: 5}
limits: {attempts: 2}
"""
    resolver = _settings(tmp_path, text).resolver
    assert resolver.allow == ("203.0.113.0/24",)
    assert resolver.private_domains == ("plex.direct.",)
    assert resolver.hosts == resolver.block.files == (tmp_path / "ads.txt",)
    assert resolver.block.answer == "nodata"
    assert (resolver.cache.size, resolver.cache.stale) == (2**27, 10_800)
    assert resolver.cache.stale_ttl == 5
    assert resolver.limits.attempts == 2


def test_zones_for_some_clients(tmp_path: Path) -> None:
    text = "zones: [zones, {path: office, clients: [10.0.0.0/8]}]\n"
    settings = _settings(tmp_path, text)
    assert settings.zones == (tmp_path / "zones",)
    assert settings.views == (ZoneView(tmp_path / "office", ("10.0.0.0/8",)),)


def test_all_faults_in_one_run(tmp_path: Path) -> None:
    text = "lisen: ':53'\nworkers: many\nallow:\n  - 10.0.0.1/8\nstrict: true\nstrict: true\n"
    assert _places(tmp_path, text) == [
        "1:1 unknown-setting",
        "2:10 bad-setting",
        "4:5 bad-setting",
        "6:1 equal-keys",
    ]


@pytest.mark.parametrize(
    ("text", "place", "way_out"),
    [
        ("lisen: ':53'", "1:1 unknown-setting", "did you mean 'listen'?"),
        ("open-resolver: true", "1:1 unknown-setting", "did you mean 'open_resolver'?"),
        ("cache: {sise: 1}", "1:9 unknown-setting", "did you mean 'size'?"),
        ("listen: 1.2.3", "1:9 bad-setting", "write 127.0.0.1:5053"),
        ("strict: maybe", "1:9 bad-setting", "write true or false"),
        ("workers: 0", "1:10 bad-setting", "1 to 256"),
        ("workers: [1, 2]", "1:10 bad-setting", "a list where one value is wanted"),
        ("nsid:", "1:6 bad-setting", "remove the key"),
        ("cache: 5", "1:8 bad-setting", "a map is wanted"),
        ("cache: {size: 64 MB}", "1:15 bad-setting", "64 MiB"),
        ("cache: {stale_ttl: 0}", "1:20 bad-setting", "1 to 3,600"),
        ("cache: {max_ttl: 1w}", "1:18 bad-setting", "10m"),
        ("hosts: missing", "1:8 bad-setting", "mend the path"),
        ("block: {answer: nothing}", "1:17 bad-setting", "nxdomain, nodata or an address"),
        ("private_domains: a..b", "1:18 bad-setting", "empty label"),
        ("forward: dns.quad9.net", "1:10 bad-setting", "tls://9.9.9.9#dns.quad9.net"),
        ("forward: [{upstreams: [], clients: []}]", "1:36 bad-setting", "name at least one"),
        ("zones: [{path: zones, clients: []}]", "1:32 bad-setting", "name at least one"),
        ("listen: []", "1:9 bad-setting", "name at least one"),
        ("forward: [{domain: lan}]", "1:11 bad-setting", "needs 'upstreams'"),
        ("forward: [{upstreams: [], policy: best}]", "1:35 bad-setting", "in_order"),
        ("- listen", "1:1 bad-structure", "a map of settings"),
        ("allow: [10.0.0.0/8, 0.0.0.0/0]", "1:21 open-resolver", "open_resolver: true"),
        ("allow:\n- 0.0.0.0/1\n- 128.0.0.0/1", "2:3 open-resolver", "open_resolver: true"),
        ("allow: ::/0", "1:8 open-resolver", "open_resolver: true"),
        ("forward: 127.0.0.1:5053", "1:10 forwarding-loop", "name another resolver"),
        ("listen: ':53'\nforward: '127.9.9.9'", "2:10 forwarding-loop", "another resolver"),
        (
            "forward: [{domain: a, upstreams: []}, {domain: A., upstreams: 9.9.9.9}]",
            "1:39 group-twice",
            "in one list",
        ),
        ("forward: [9.9.9.9, {upstreams: 1.1.1.1}]", "1:10 group-twice", "in the map"),
        (
            "cache: {max_failure: 10, failure: 20}",
            "1:35 contradiction",
            "20 s is more than 'max_failure', 10 s: change it, or change 'max_failure'",
        ),
        (
            "cache: {failure: 100}",
            "1:18 contradiction",
            "100 s is more than the default of 'max_failure', 60 s: change it, or write "
            "'max_failure' as well",
        ),
        (
            "cache: {max_failure: 3}",
            "1:22 contradiction",
            "3 s is less than the default of 'failure', 5 s",
        ),
        ("limits: {probe: 60, max_probe: 30}", "1:17 contradiction", "max_probe"),
        ("limits: {attempt: 5}", "1:19 contradiction", "'query', 4.5 s"),
        ("limits: {waiting_per_client: 2000}", "1:30 contradiction", "'waiting', 1024"),
        ("limits: {waiting: 9, waiting_per_name: 10}", "1:40 contradiction", "'waiting', 9"),
        (
            "limits: {tcp_connections_per_address: 200}",
            "1:39 contradiction",
            "'tcp_connections', 150",
        ),
        ("block: {answer: nodata}", "1:8 contradiction", "name one in 'files'"),
        ("forward: []\nallow: 10.0.0.0/8", "2:8 contradiction", "take one of them out"),
        ("forward: []\ncache: {file: kept}", "2:15 contradiction", "'forward: []'"),
    ],
)
def test_fault(tmp_path: Path, text: str, place: str, way_out: str) -> None:
    (fault,) = _read(tmp_path, text).faults
    assert f"{fault.mark.line}:{fault.mark.column} {fault.rule}" == place
    assert way_out in fault.message
    assert "\n" not in fault.message


def test_an_open_resolver_that_is_asked_for(tmp_path: Path) -> None:
    assert _settings(tmp_path, "allow: 0.0.0.0/0\nopen_resolver: true").resolver.open_resolver


@pytest.mark.parametrize(
    "text",
    [
        "limits: {waiting: 50, tcp_connections: 10, query: 500ms}",  # these bound the others
        "cache: {failure: 60}\nlimits: {probe: 60, attempt: 4.5}",
        "block: {files: [], answer: nodata}",
        "hosts: minidns.yaml\nforward: []\nallow: 10.0.0.0/8\ncache: {size: 1 MiB}",
    ],
)
def test_what_goes_together(tmp_path: Path, text: str) -> None:
    assert _places(tmp_path, text) == []


def test_a_value_with_a_fault_contradicts_nothing(tmp_path: Path) -> None:
    assert _places(tmp_path, "cache: {failure: 100, max_failure: 1000}") == ["1:36 bad-setting"]


def test_what_the_command_line_says_is_not_missing(tmp_path: Path) -> None:
    path = tmp_path / "minidns.yaml"
    path.write_text("forward: []\nblock: {answer: nodata}")
    assert [fault.mark.line for fault in read_config(path).faults] == [2, 2]
    assert len(read_config(path, ["block"]).faults) == 1
    assert read_config(path, ["forward", "block"]).faults == []


def test_the_resolver_of_docker_is_not_this_server(tmp_path: Path) -> None:
    """Docker leads 127.0.0.11:53 past a socket at 0.0.0.0:53; not so past one at that address."""
    assert _settings(tmp_path, "listen: ':53'\nforward: 127.0.0.11").resolver.forward
    for text in (
        "listen: '127.0.0.11:53'\nforward: 127.0.0.11",
        "listen: ':5353'\nforward: 127.0.0.11:5353",
        "listen: ':53'\nforward: 127.0.0.12",
    ):
        assert _places(tmp_path, text) == ["2:10 forwarding-loop"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (fault,) = read_config(tmp_path / "none.yaml").faults
    assert fault.rule == "no-such-path"
