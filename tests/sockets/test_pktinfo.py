"""Control messages of a reply made from those of its query."""

import socket

from minidns.sockets.pktinfo import IP_PKTINFO, reply_control

V4 = bytes.fromhex("02000000 7f000002 7f000002")
V6 = bytes.fromhex("20010db8000000000000000000000001 07000000")
LINK_LOCAL = bytes.fromhex("fe800000000000000000000000000001 07000000")


def test_ipv4_interface_is_cleared() -> None:
    (message,) = reply_control([(socket.IPPROTO_IP, IP_PKTINFO, V4)])
    assert message == (socket.IPPROTO_IP, IP_PKTINFO, bytes(4) + V4[4:])


def test_ipv6_interface_is_cleared_but_for_link_local() -> None:
    def reply_data(data: bytes) -> bytes:
        return reply_control([(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, data)])[0][2]

    assert reply_data(V6) == V6[:16] + bytes(4)
    assert reply_data(LINK_LOCAL) == LINK_LOCAL


def test_other_messages_are_left_out() -> None:
    assert (
        reply_control(
            [
                (socket.SOL_SOCKET, 29, bytes(16)),
                (socket.IPPROTO_IP, IP_PKTINFO, b"short"),
                (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, b""),
            ]
        )
        == []
    )
