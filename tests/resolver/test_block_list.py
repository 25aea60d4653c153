"""Block lists: hosts form, domains, wildcards, response policy zones, the allow list."""

import pytest

from minidns.resolver.block_list import BlockList
from minidns.resolver.verdict import NODATA, NXDOMAIN, Verdict
from tests.harness import wire_name

DOMAINS = b"# a list\n! another comment\nads.example\n*.track.example\nBAD.example. # here\n"
HOSTS = (
    b"127.0.0.1 localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 Ads.example t.example\n192.0.2.7 own.example\n"
)
POLICY = b"""\
$TTL 60
@ IN SOA localhost. root.localhost. (
   1 ; serial
   2 3 4 5 )
  IN NS localhost.
nx.example CNAME .
*.nx.example 60 IN CNAME .
good.nx.example CNAME rpz-passthru.
empty.example CNAME *.
own.example A 192.0.2.7
  AAAA 2001:db8::7
garden.example CNAME elsewhere.example.
32.1.2.0.192.rpz-ip CNAME .
"""
OWN = Verdict.of_addresses([b"\xc0\0\x02\x07"])


def _find(blocked: BlockList, name: str) -> Verdict | None:
    return blocked.find(wire_name(name))


@pytest.mark.parametrize(
    ("data", "name", "verdict"),
    [
        (DOMAINS, "ads.example.", NXDOMAIN),
        (DOMAINS, "a.b.ads.example.", NXDOMAIN),
        (DOMAINS, "xads.example.", None),
        (DOMAINS, "example.", None),
        (DOMAINS, ".", None),
        (DOMAINS, "track.example.", None),
        (DOMAINS, "x.track.example.", NXDOMAIN),
        (DOMAINS, "bad.example.", NXDOMAIN),
        (HOSTS, "ads.example.", NXDOMAIN),
        (HOSTS, "t.example.", NXDOMAIN),
        (HOSTS, "x.ads.example.", None),
        (HOSTS, "localhost.", None),
        (HOSTS, "own.example.", OWN),
        (POLICY, "nx.example.", NXDOMAIN),
        (POLICY, "x.nx.example.", NXDOMAIN),
        (POLICY, "good.nx.example.", None),
        (POLICY, "empty.example.", NODATA),
        (POLICY, "x.empty.example.", None),
    ],
)
def test_find(data: bytes, name: str, verdict: Verdict | None) -> None:
    blocked = BlockList()
    blocked.add(data)
    assert _find(blocked, name) == verdict


def test_addresses_of_a_policy_zone() -> None:
    blocked = BlockList()
    blocked.add(POLICY)
    verdict = _find(blocked, "own.example.")
    assert verdict is not None
    assert [records.rdatas for records in verdict.records(1)] == [(b"\xc0\0\x02\x07",)]
    assert len(verdict.records(28)) == 1
    assert verdict.records(16) == ()


def test_lines_that_cannot_be_used_are_told_of() -> None:
    assert [fault.line for fault in BlockList().add(POLICY)] == [12, 13]
    (fault,) = BlockList().add(b"ok.example\n||ads.example^\n")
    assert (fault.line, "the domain alone" in fault.message) == (2, True)


def test_policy_zone_with_an_origin() -> None:
    blocked = BlockList()
    text = b"$ORIGIN rpz.local.\n@ SOA a. b. 1 2 3 4 5\nx.example.rpz.local. CNAME .\n"
    assert blocked.add(text) == []
    assert _find(blocked, "x.example.") == NXDOMAIN


def test_an_allow_list_wins() -> None:
    blocked = BlockList()
    blocked.add(DOMAINS)
    blocked.allow(b"good.ads.example\n")
    assert _find(blocked, "good.ads.example.") is None
    assert _find(blocked, "www.good.ads.example.") is None
    assert _find(blocked, "ads.example.") == NXDOMAIN


def test_the_answer_is_a_choice_and_the_first_list_counts() -> None:
    blocked = BlockList(NODATA)
    blocked.add(HOSTS)
    blocked.add(b"192.0.2.9 own.example\n")
    assert _find(blocked, "ads.example.") == NODATA
    assert _find(blocked, "own.example.") == OWN
