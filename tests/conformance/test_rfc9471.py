"""RFC 9471: which addresses a referral holds; for what does not fit see test_truncation."""

import pytest

from minidns.responder.responder import Responder
from tests.harness import Case, responder_for

OUTER = "outer.example. 60 NS ns.inner.outer.example."
OUTER_GLUE = "ns.inner.outer.example. 60 A 192.0.2.2"


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for(
        {
            "example.": """
            @              60 SOA ns host 1 2 3 4 5
            @              60 NS ns
            ns             60 A 192.0.2.1
            outer          60 NS ns.inner.outer
            inner.outer    60 NS ns.inner.outer
            inner.outer 60 DS 1 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
            ns.inner.outer 60 A 192.0.2.2
            ns.inner.outer 60 TXT "no glue: only addresses are"
            sibling        60 NS ns.inner.outer
            sibling        60 NS ns
            sibling        60 NS alias
            sibling        60 NS ns.hidden
            sibling        60 NS ns.made
            alias          60 CNAME ns
            hidden         60 DNAME elsewhere
            ns.hidden      60 A 192.0.2.3
            *.made         60 A 192.0.2.4
            bare           60 NS ns.bare
            """
        }
    )


@pytest.mark.parametrize(
    "case",
    [
        *(
            Case(
                qname,
                qtype,
                flags="QR RD",
                authority=(OUTER,),
                additional=(OUTER_GLUE,),
                name=f"the-topmost-cut-decides-{qname}-{qtype}",
            )
            for qname, qtype in (
                ("outer.example.", "NS"),
                ("x.outer.example.", "A"),
                ("inner.outer.example.", "NS"),
                ("inner.outer.example.", "DS"),
                ("ns.inner.outer.example.", "TXT"),
                ("x.inner.outer.example.", "DS"),
            )
        ),
        Case(
            "x.sibling.example.",
            "A",
            flags="QR RD",
            authority=(
                "sibling.example. 60 NS ns.inner.outer.example.",
                "sibling.example. 60 NS ns.example.",
                "sibling.example. 60 NS alias.example.",
                "sibling.example. 60 NS ns.hidden.example.",
                "sibling.example. 60 NS ns.made.example.",
            ),
            additional=(OUTER_GLUE, "ns.example. 60 A 192.0.2.1"),
            name="of-siblings-what-stands-in-the-zone-by-name",
        ),
        Case(
            "x.bare.example.",
            "A",
            flags="QR RD",
            authority=("bare.example. 60 NS ns.bare.example.",),
            name="no-glue-in-the-zone",
        ),
    ],
    ids=str,
)
def test_3_glue(responder: Responder, case: Case) -> None:
    case.check(responder)
