"""A zone in blocks is the same zone at the other end; one that is taken apart leaves nothing."""

import gc
from collections.abc import Iterable
from typing import Any

import pytest

from minidns.zone.handover import NAMES_PER_STEP, ZoneBuilding, dismantle, write_blocks
from minidns.zone.model import Node, RRset, Zone
from tests.harness import wire_name, zone_of

EVERY_KIND = """
    @ 300 IN SOA ns.example.com. hostmaster.example.com. 7 7200 3600 1209600 300
    @ 300 IN NS ns
    @ 300 IN TYPE65401 \\# 5 03 777777 00
    ns 300 IN A 192.0.2.1
    WwW 300 IN A 192.0.2.10
    WwW 60 IN AAAA 2001:db8::1
    WwW 60 IN AAAA 2001:db8::2
    a.b.c 300 IN TXT "an empty non-terminal above"
    old 300 IN DNAME example.net.
    below.old 300 IN A 192.0.2.2
    Lab 300 IN NS ns.lab
    ns.lab 300 IN A 192.0.2.3
    deep.ns.lab 300 IN NS nowhere.example.net.
"""


def rebuild(origin: bytes, blocks: Iterable[bytes]) -> Zone:
    building = ZoneBuilding(origin)
    for block in blocks:
        building.add(block)
    return building.finish()


def rebuilt(zone: Zone) -> Zone:
    return rebuild(zone.origin, write_blocks(zone))


def fields(rrset: RRset | None) -> Any:
    return rrset and (rrset.rtype, rrset.ttl, rrset.rdatas, rrset.wire)


def contents(zone: Zone) -> dict[bytes, Any]:
    def key_of(node: Node | None) -> bytes | None:
        if node is None:
            return None
        assert zone.nodes[node.name.lower()] is node
        return node.name.lower()

    return {
        key: (
            node.name,
            key_of(node.cut),
            key_of(node.dname),
            fields(node.alias),
            {rtype: fields(rrset) for rtype, rrset in node.rrsets.items()},
        )
        for key, node in zone.nodes.items()
    }


def test_every_kind_of_node() -> None:
    zone = zone_of("example.com.", EVERY_KIND)
    assert zone.nodes[wire_name("deep.ns.lab.example.com.")].cut is not None
    assert zone.nodes[wire_name("below.old.example.com.")].dname is not None
    again = rebuilt(zone)
    assert contents(again) == contents(zone)
    assert (again.origin, again.longest, again.serial) == (zone.origin, zone.longest, 7)
    assert again.apex is again.nodes[zone.origin]
    assert again.soa is again.apex.rrsets[6]


def test_root() -> None:
    zone = zone_of(".", "@ 300 IN SOA ns. h. 1 2 3 4 5\n@ 300 IN NS ns.\nns 300 IN A 192.0.2.1\n")
    assert contents(rebuilt(zone)) == contents(zone)


def test_blocks_are_small() -> None:
    hosts = "\n".join(f"    h{number} 300 IN A 192.0.2.1" for number in range(2 * NAMES_PER_STEP))
    zone = zone_of("example.com.", EVERY_KIND + hosts)
    assert len(list(write_blocks(zone))) > 2
    assert contents(rebuilt(zone)) == contents(zone)
    assert len(list(dismantle(zone))) > 2


@pytest.mark.parametrize("missing", [0, -1])
def test_without_a_block(missing: int) -> None:
    zone = zone_of("example.com.", EVERY_KIND)
    blocks = list(write_blocks(zone))
    del blocks[missing]
    with pytest.raises(ValueError, match="block"):
        rebuild(zone.origin, blocks)


def test_dismantled_zone_is_gone_without_the_collector() -> None:
    """The owner of a zone cut refers to itself."""
    zone = rebuilt(zone_of("example.com.", EVERY_KIND))
    assert any(node.cut is node for node in zone.nodes.values())
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in dismantle(zone):
            pass
        assert not list(zone.nodes)
        del zone
        assert gc.collect() == 0
    finally:
        if was_enabled:
            gc.enable()
