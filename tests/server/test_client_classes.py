"""Classes of clients: as the standard library's `ipaddress` says who is in which list."""

import ipaddress
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from minidns.config import ForwardGroup, ResolverSettings, ServeSettings, ZoneView
from minidns.resolver.networks import parse_network
from minidns.responder import client_classes
from minidns.responder.client_classes import ByClient, ClientClasses
from minidns.server.client_views import ClientViews, client_views_of

TEXTS = (
    *("10.0.0.0/8", "10.0.0.0/24", "10.1.0.0/16", "10.1.2.3", "0.0.0.0/0", "192.168.0.0/16"),
    *("::/0", "fd00::/8", "fd00::1", "2001:db8::/32", "::ffff:10.0.0.0/104"),
)
CLIENTS = (
    *("10.0.0.1", "10.0.1.1", "10.1.0.1", "10.1.2.3", "9.9.9.9", "192.168.3.4"),
    *("fd00::1", "fd00::2", "2001:db8::1", "2620::1"),
)


def classes_of(*lists: list[str]) -> ClientClasses:
    return ClientClasses([list(map(parse_network, texts)) for texts in lists])


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


@given(st.lists(st.lists(st.sampled_from(TEXTS), max_size=4), max_size=4))
def test_every_client_is_in_one(lists: list[list[str]]) -> None:
    classes = classes_of(*lists)
    for client in CLIENTS:
        address: Any = ipaddress.ip_address(client)
        networks = [[parse_network(text) for text in texts] for texts in lists]
        expected = {number for number, of in enumerate(networks) if any(address in n for n in of)}
        assert classes.members[classes.class_of(packed(client))] == expected
    assert classes.members[0] == set()


def test_as_many_as_differ() -> None:
    many = [f"10.{number}.0.0/16" for number in range(200)]
    assert len(classes_of(many, ["10.0.0.0/8"]).members) == 3


def test_a_mapped_address_is_an_ipv4_address() -> None:
    classes = classes_of(["10.0.0.0/8"])
    assert classes.class_of(packed("::ffff:10.0.0.1")) == classes.class_of(packed("10.0.0.1")) == 1


def test_what_is_remembered_is_bounded() -> None:
    classes = classes_of(["10.0.0.0/8"])
    by_client = ByClient(classes.class_of, ["others", "ten"])
    for number in range(client_classes._CLIENTS + 100):
        by_client[number.to_bytes(4, "big")]
    assert len(by_client) <= client_classes._CLIENTS
    assert by_client[packed("10.0.0.1")] == "ten"
    assert by_client[packed("11.0.0.1")] == "others"


def views_of(
    views: tuple[ZoneView, ...] = (), groups: tuple[ForwardGroup, ...] = ()
) -> ClientViews | None:
    return client_views_of(ServeSettings(views=views, resolver=ResolverSettings(forward=groups)))


def test_alike_where_nothing_names_networks() -> None:
    assert client_views_of(ServeSettings()) is None


def test_who_may_have_names_resolved_is_a_class_of_its_own() -> None:
    """All others see the same: one sight."""
    views = views_of(groups=(ForwardGroup(("192.0.2.1",)),))
    assert views is not None
    of_home, of_others = (
        views.classes.class_of(packed(text)) for text in ("192.168.1.2", "192.0.2.2")
    )
    assert (views.resolves[of_home], views.resolves[of_others]) == (True, False)
    assert set(views.sights) == {0}
    assert len(views.groups) == 1


def test_a_group_for_these_clients_comes_before_one_for_all() -> None:
    ten = ("10.0.0.0/8",)
    groups = (
        ForwardGroup(("192.0.2.1",)),
        ForwardGroup(("192.0.2.2",), clients=ten),
        ForwardGroup(("192.0.2.3",), "corp.example", clients=ten),
        ForwardGroup(("192.0.2.4",), "Corp.example."),
    )
    views = views_of(groups=groups)
    assert views is not None
    of_ten, of_nine = (
        views.groups[views.sights[views.classes.class_of(packed(text))]]
        for text in ("10.0.0.1", "9.9.9.9")
    )
    assert of_ten == groups[1:3]
    assert of_nine == (groups[0], groups[3])


def test_views_are_numbered_as_they_are_named() -> None:
    zones = tuple(ZoneView(Path("zones"), (text,)) for text in ("10.1.0.0/16", "10.0.0.0/8"))
    views = views_of(zones)
    assert views is not None
    seen = [views.views[views.classes.class_of(packed(one))] for one in ("10.1.0.1", "10.2.0.1")]
    assert seen == [{1, 2}, {2}]
