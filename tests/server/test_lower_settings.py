"""Settings reach the layers; texts that could not be sent are refused."""

import pytest

from minidns.config import Limits, ServeSettings
from minidns.responder.responder import Policy
from minidns.server.lower_settings import policy_of, socket_options_of, tcp_limits_of
from minidns.server.start_error import StartError
from minidns.transport.tcp_limits import TcpLimits


def test_defaults_are_those_of_the_layers() -> None:
    """Each default is written in two places: for the user of a layer, and for the command."""
    assert policy_of(ServeSettings()) == Policy()
    assert tcp_limits_of(Limits(), 150) == TcpLimits()


def test_policy() -> None:
    settings = ServeSettings(nsid="here", chaos_version="v", chaos_identity="i", rotate=True)
    policy = policy_of(settings)
    assert (policy.nsid, policy.chaos_version, policy.chaos_identity) == ("here", "v", "i")
    assert policy.rotate


def test_fewer_connections_than_one_address_may_have() -> None:
    limits = tcp_limits_of(Limits(), 7)
    assert (limits.connections, limits.connections_per_address) == (7, 7)


def test_socket_options() -> None:
    assert socket_options_of(ServeSettings(reuse_port=True)).reuse_port
    assert not socket_options_of(ServeSettings()).reuse_port


@pytest.mark.parametrize(
    ("what", "most"), [("nsid", 128), ("chaos_version", 255), ("chaos_identity", 255)]
)
def test_length_is_counted_in_octets(what: str, most: int) -> None:
    fits = "\u00e9" * (most // 2) + "x" * (most % 2)
    assert getattr(policy_of(ServeSettings(**{what: fits})), what) == fits
    with pytest.raises(StartError, match=f"{most + 1} octets long, at most {most} fit"):
        policy_of(ServeSettings(**{what: fits + "x"}))


def test_argument_that_is_no_utf8() -> None:
    with pytest.raises(StartError, match="the NSID is not UTF-8"):
        policy_of(ServeSettings(nsid="\udcff"))
