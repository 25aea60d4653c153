"""Settings as the lower layers take them: plain values, each layer its own.

A text that could not be sent is refused here, before anything is opened or loaded.
"""

from minidns.config import Limits, ServeSettings
from minidns.responder.responder import Policy
from minidns.server.start_error import StartError
from minidns.sockets.control import SocketOptions
from minidns.transport.tcp_limits import TcpLimits

# Octets. RFC 5001 sets no bound; with this one an NSID fits into the 512 octets that every client
# takes (RFC 1035 section 4.2.1), beside the longest question, a cookie and an extended error.
MAX_NSID = 128
MAX_CHAOS_TEXT = 255  # octets of one character string, RFC 1035 section 3.3


def policy_of(settings: ServeSettings) -> Policy:
    """What the responder may say. Raises StartError for a text that does not fit."""
    _check_text("NSID", settings.nsid, MAX_NSID)
    _check_text("CHAOS version", settings.chaos_version, MAX_CHAOS_TEXT)
    _check_text("CHAOS identity", settings.chaos_identity, MAX_CHAOS_TEXT)
    return Policy(
        udp_payload=settings.limits.udp_payload,
        nsid=settings.nsid,
        chaos_version=settings.chaos_version,
        chaos_identity=settings.chaos_identity,
        rotate=settings.rotate,
        answer_cache=settings.limits.answer_cache,
    )


def tcp_limits_of(limits: Limits, connections: int) -> TcpLimits:
    """`connections`: how many fit into the open files of the process, at most what is set."""
    return TcpLimits(
        connections=connections,
        connections_per_address=min(limits.tcp_connections_per_address, connections),
        idle_seconds=limits.tcp_idle,
        first_message_seconds=limits.tcp_first_message,
        message_seconds=limits.tcp_message,
        stall_seconds=limits.tcp_write_stall,
        unsent_octets=limits.tcp_unsent,
        in_flight=limits.tcp_in_flight,
    )


def socket_options_of(settings: ServeSettings) -> SocketOptions:
    """What is set before bind()."""
    return SocketOptions(
        reuse_port=settings.reuse_port,
        udp_receive_buffer=settings.limits.udp_buffer,
        udp_send_buffer=settings.limits.udp_buffer,
    )


def _check_text(what: str, text: str, most: int) -> None:
    try:
        octets = len(text.encode("utf-8"))
    except UnicodeEncodeError:  # an argument in another encoding
        raise StartError(f"the {what} is not UTF-8; write it in UTF-8 or ASCII") from None
    if octets > most:
        raise StartError(f"the {what} is {octets} octets long, at most {most} fit")
