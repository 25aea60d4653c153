"""RFC 8482: what is said to QTYPE=ANY, at each kind of name that there is.

Section 4.1: one record set is enough; sections 4.1 and 4.4: the same over UDP and TCP here. At and
below zone cuts and below DNAME the answer is that of any other type (RFC 1034 section 4.3.2).
"""

from typing import Any

import pytest

from minidns.responder.responder import Responder
from tests.harness import Case, responder_for

SOA = "example. 5 SOA ns.example. host.example. 1 2 3 4 5"
REFERRAL: dict[str, Any] = {
    "flags": "QR RD",
    "authority": ("cut.example. 60 NS ns.cut.example.",),
    "additional": ("ns.cut.example. 60 A 192.0.2.9",),
}


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for(
        {
            "example.": """
            @       60 SOA ns host 1 2 3 4 5
            @       60 NS ns
            @       60 MX 10 ns
            ns      60 A 192.0.2.1
            ns      60 TXT "longer than an address"
            many    60 A 192.0.2.2
            many    60 A 192.0.2.3
            many    60 AAAA 2001:db8::1
            many    60 TXT "and this is the longest of the three sets"
            alias   60 CNAME ns
            d       60 DNAME ns
            d       60 TXT "beside"
            cut     60 NS ns.cut
            cut     60 DS 1 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
            ns.cut  60 A 192.0.2.9
            deep.e  60 A 192.0.2.4
            *.w     60 TXT "wild"
            *.wc    60 CNAME ns
            x.*.we  60 TXT "the wildcard itself is empty"
            """
        }
    )


@pytest.mark.parametrize(
    "case",
    [
        Case("example.", "ANY", answer=("example. 60 NS ns.example.",), name="apex"),
        Case("ns.example.", "ANY", answer=("ns.example. 60 A 192.0.2.1",), name="the-smallest"),
        Case(
            "many.example.",
            "ANY",
            answer=("many.example. 60 A 192.0.2.2", "many.example. 60 A 192.0.2.3"),
            name="a-set-is-given-whole",
        ),
        Case(
            "alias.example.",
            "ANY",
            answer=("alias.example. 60 CNAME ns.example.",),
            name="a-cname-is-not-followed",
        ),
        Case("d.example.", "ANY", answer=('d.example. 60 TXT "beside"',), name="dname-owner"),
        Case(
            "x.d.example.",
            "ANY",
            rcode="NXDOMAIN",
            answer=("d.example. 60 DNAME ns.example.", "x.d.example. 60 CNAME x.ns.example."),
            authority=(SOA,),
            name="below-a-dname",
        ),
        Case("cut.example.", "ANY", name="at-the-cut", **REFERRAL),
        Case("x.cut.example.", "ANY", name="below-the-cut", **REFERRAL),
        Case("e.example.", "ANY", authority=(SOA,), name="empty-non-terminal"),
        Case("x.e.example.", "ANY", rcode="NXDOMAIN", authority=(SOA,)),
        Case("x.w.example.", "ANY", answer=('x.w.example. 60 TXT "wild"',), name="wildcard"),
        Case(
            "x.wc.example.",
            "ANY",
            answer=("x.wc.example. 60 CNAME ns.example.",),
            name="wildcard-cname",
        ),
        Case("y.we.example.", "ANY", authority=(SOA,), name="empty-wildcard"),
    ],
    ids=str,
)
def test_4_1_one_record_set(responder: Responder, case: Case) -> None:
    case.check(responder)
