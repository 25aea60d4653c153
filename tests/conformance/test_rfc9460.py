"""RFC 9460 section 4.1: what an authoritative server adds to SVCB and HTTPS."""

import pytest

from minidns.responder.responder import Responder
from tests.harness import Case, responder_for

SOA = "@ 300 SOA ns.example. host.example. 1 2 3 4 300"


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for(
        {
            "example.": f"""
            {SOA}
            @       300 HTTPS 0 svc
            svc     300 HTTPS 1 www alpn=h2
            svc     300 A     192.0.2.1
            www     300 AAAA  2001:db8::1
            self    300 HTTPS 1 . port=8443
            self    300 A     192.0.2.2
            *.wild  300 HTTPS 1 . alpn=h3
            *.wild  300 A     192.0.2.3
            out     300 SVCB  1 host.example.net.
            gone    300 HTTPS 0 .
            gone    300 A     192.0.2.4
            """
        }
    )


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "example.",
            "HTTPS",
            answer=("example. 300 HTTPS 0 svc.example.",),
            additional=(
                'svc.example. 300 HTTPS 1 www.example. alpn="h2"',
                "svc.example. 300 A 192.0.2.1",
            ),
            name="alias-mode",
        ),
        Case(
            "svc.example.",
            "HTTPS",
            answer=('svc.example. 300 HTTPS 1 www.example. alpn="h2"',),
            additional=("www.example. 300 AAAA 2001:db8::1",),
            name="service-mode",
        ),
        Case(
            "self.example.",
            "HTTPS",
            answer=('self.example. 300 HTTPS 1 . port="8443"',),
            additional=("self.example. 300 A 192.0.2.2",),
            name="the-owner-itself",
        ),
        Case(
            "a.wild.example.",
            "HTTPS",
            answer=('a.wild.example. 300 HTTPS 1 . alpn="h3"',),
            additional=("a.wild.example. 300 A 192.0.2.3",),
            name="the-owner-itself-at-a-wildcard",
        ),
        Case(
            "gone.example.",
            "HTTPS",
            answer=("gone.example. 300 HTTPS 0 .",),
            name="2.5.1-alias-mode-to-the-root-is-no-service",
        ),
        Case("out.example.", "SVCB", answer=("out.example. 300 SVCB 1 host.example.net.",)),
    ],
    ids=str,
)
def test_4_1_additional(responder: Responder, case: Case) -> None:
    case.check(responder)


def test_the_body_of_a_wildcard_serves_the_next_name_as_well(responder: Responder) -> None:
    Case(
        "b.wild.example.",
        "HTTPS",
        answer=('b.wild.example. 300 HTTPS 1 . alpn="h3"',),
        additional=("b.wild.example. 300 A 192.0.2.3",),
    ).check(responder)
