"""Whether the servers do the same work: the first queries of a scenario, asked of each of them.

Rcode and answer section must be those of the first peer, the order of records aside. Sizes are
in the figures: a server that puts more into authority and additional sends more octets.
"""

from collections.abc import Sequence

import dns.exception
import dns.message
import dns.query
import dns.rcode

from bench.floor import FLOOR
from tests.peers import Peer

ASKED = 100  # queries of a scenario
TIMEOUT = 2.0  # seconds for one answer

Answer = tuple[str, frozenset[str]]


def disagreements(
    peers: Sequence[Peer], queries: Sequence[bytes], is_cached: bool = False
) -> dict[str, str]:
    """By the server's name, the first answer that is not the one of the first peer.

    `is_cached`: TTLs, which count down, are not compared.
    """
    compared = [peer for peer in peers if peer.name != FLOOR]
    reference = next((peer for peer in compared if not peer.name.startswith("minidns")), None)
    if reference is None:
        return {}
    found = {}
    for wire in queries:
        query = dns.message.from_wire(wire)
        expected = _ask(reference, query, is_cached)
        for peer in compared:
            answer = _ask(peer, query, is_cached)
            if answer != expected and peer.name not in found:
                found[peer.name] = (
                    f"{query.question[0]}: {_text(answer)}; {reference.name} says {_text(expected)}"
                )
    return found


def _ask(peer: Peer, query: dns.message.Message, is_cached: bool) -> Answer:
    try:
        reply = dns.query.udp(query, peer.address, TIMEOUT, peer.port)
    except (OSError, dns.exception.DNSException) as error:
        return f"no answer ({type(error).__name__})", frozenset()
    records = set()
    for rrset in reply.answer:
        ttl = "TTL" if is_cached else rrset.ttl
        owner = f"{rrset.name.to_text().lower()} {ttl} {rrset.rdtype.name}"
        records |= {f"{owner} {rdata}" for rdata in rrset}
    return dns.rcode.to_text(reply.rcode()), frozenset(records)


def _text(answer: Answer) -> str:
    rcode, records = answer
    return " ".join([rcode, *sorted(records)])
