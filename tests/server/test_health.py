"""Whether a server is well is asked as its clients ask: by DNS, over UDP and TCP (row O10).

Ready is a name of its own that is answered; where that is so and names elsewhere are not, with an
Extended DNS Error that says why (RFC 8914), it is degraded, and must not be taken for ended.
"""

import socket
from pathlib import Path

import dns.edns
import dns.message
import dns.rcode
import pytest

from tests.server.command import BROKEN, COM, serving, write_zones

_WHY = {dns.edns.EDECode.NO_REACHABLE_AUTHORITY, dns.edns.EDECode.NETWORK_ERROR}


@pytest.mark.parametrize("more", [(), ("--workers", "2")])
def test_ready_while_all_upstreams_are_down(tmp_path: Path, more: tuple[str, ...]) -> None:
    zones = write_zones(tmp_path / "zones", com=COM, net=BROKEN)
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))  # it does not listen
        upstream = f"tcp://127.0.0.1:{refusing.getsockname()[1]}"
        with serving(zones, "--forward", upstream, *more) as server:
            for is_tcp in (False, True, False, True):
                outside = dns.message.make_query("www.example.org.", "A", use_edns=0)
                degraded = server.ask(outside, is_tcp)
                assert degraded.rcode() == dns.rcode.SERVFAIL
                errors = {
                    one.code for one in degraded.options if isinstance(one, dns.edns.EDEOption)
                }
                assert errors & _WHY
                own = server.ask(dns.message.make_query("www.example.com.", "A"), is_tcp)
                assert own.rcode() == dns.rcode.NOERROR
                assert len(own.answer[0]) == 2
                broken = server.ask(dns.message.make_query("www.example.net.", "A"), is_tcp)
                assert broken.rcode() == dns.rcode.SERVFAIL
            assert server.end()[0] == 0
