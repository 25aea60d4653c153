"""Why NSD 4.6, Knot DNS 3.2 and BIND 9.18 may answer otherwise than minidns: every reason, named.

A difference that none of these recognises makes the differential test fail; a reason that
recognises nothing any more makes it fail too. Where the three disagree among themselves the
reason says which of them minidns follows, by the text of the RFC.
"""

from dns.rdatatype import RdataType

from tests.differential.compare import Extra, Reasons, Rule, is_complete, required_glue
from tests.differential.recognise import (
    ROOT,
    enters_dname_again,
    has_zone_ns,
    is_loop,
    is_other_choice_of_any,
    is_overflow,
    is_shorter_chain,
    stays_in_zone,
    stops_at_dname,
    targets_of,
)
from tests.differential.reply import types_of

ALL = frozenset({"nsd", "knot", "bind"})
NSD, KNOT, BIND = frozenset({"nsd"}), frozenset({"knot"}), frozenset({"bind"})
BIND_TARGETS = 13  # more names than these in one section: no additional data (BIND 9.18.33)
CONTENTS = frozenset({"rcode", "answer", "authority", "additional"})
BINDINGS = frozenset({RdataType.SVCB, RdataType.HTTPS})
RARE = frozenset({RdataType.AFSDB, RdataType.RT, RdataType.KX, RdataType.NAPTR})

CONTENT_RULES = (
    Rule(
        "zone NS beside an answer",
        "NSD adds the zone's NS to the authority section of answers. RFC 1034 section 4.3.2 does "
        "not ask for it; Knot, and BIND with minimal-responses, leave it out, as minidns does.",
        NSD,
        frozenset({"authority"}),
        has_zone_ns,
    ),
    Rule(
        "CD copied",
        "RFC 4035 section 3.1.6: an authoritative server SHOULD clear CD. BIND copies it; NSD, "
        "Knot and minidns clear it.",
        BIND,
        frozenset({"CD"}),
        lambda case: "CD" in case.theirs.flags,
    ),
    Rule(
        "ANY is any",
        "RFC 8482 section 4.1: a server may choose one record set for ANY. NSD and Knot take the "
        "first, minidns the smallest, BIND gives all.",
        ALL,
        frozenset({"answer"}),
        is_other_choice_of_any,
    ),
    Rule(
        "chain ends at the zone",
        "Knot and BIND as an authoritative server stop where an alias leads into another zone, "
        "though they serve it. RFC 1034 section 4.3.2 step 3a: 'change QNAME to the canonical "
        "name in the CNAME RR, and go back to step 1', which finds the zone anew; NSD does, and "
        "so does minidns, with the rcode of RFC 6604 section 3.",
        KNOT | BIND,
        CONTENTS,
        stays_in_zone,
    ),
    Rule(
        "chain of another length",
        "No RFC says how many aliases one answer holds. Knot stops after 5, minidns after 11, "
        "BIND after 12 with SERVFAIL, NSD goes on; the client asks on from the last one.",
        ALL,
        frozenset({"answer", "authority", "rcode"}),
        is_shorter_chain,
    ),
    Rule(
        "loop",
        "BIND answers a loop of aliases with its records and SERVFAIL. RFC 1034 section 3.6.2 "
        "asks resolvers to signal loops; for servers section 4.3.2 knows no such error. NSD and "
        "Knot give NOERROR with each record, and so does minidns.",
        BIND,
        frozenset({"rcode"}),
        is_loop,
    ),
    Rule(
        "ANY stops at a DNAME",
        "RFC 6672 section 3.2 step 3C goes back to step 1 after the CNAME was made, whatever "
        "QTYPE is. NSD, Knot and minidns do; BIND ends there for ANY.",
        BIND,
        CONTENTS,
        stops_at_dname,
    ),
    Rule(
        "DNAME into itself",
        "NSD follows a DNAME whose target is below its owner once. RFC 6672 section 3.2 has no "
        "such end: each round goes back to step 1, until the name is too long (YXDOMAIN) or the "
        "chain is. Knot and BIND go on, as minidns does.",
        NSD,
        frozenset({"answer", "rcode"}),
        enters_dname_again,
    ),
    Rule(
        "overflow is YXDOMAIN",
        "RFC 6672 section 2.2: a name too long after the substitution is YXDOMAIN. Knot goes on "
        "with the DNAME's target as a name, so it adds an SOA, or that name's CNAMEs, or says "
        "NXDOMAIN. NSD, BIND and minidns: YXDOMAIN and the DNAME.",
        KNOT,
        frozenset({"rcode", "answer", "authority"}),
        is_overflow,
    ),
)

CUT_RULES = (
    Rule(
        "glue without TC",
        "RFC 9471 section 3.1: a referral that cannot hold all glue of in-domain name servers "
        "MUST set TC. NSD 4.6 and BIND 9.18 send what fits; Knot and minidns set TC.",
        NSD | BIND,
        frozenset({"TC"}),
        lambda case: (
            "TC" in case.ours.flags
            and case.theirs.authority == case.their_whole.authority
            and not required_glue(case.their_whole) <= case.theirs.additional
        ),
    ),
    Rule(
        "SOA left out without TC",
        "RFC 2308 section 3: a negative answer MUST hold the SOA, so RFC 2181 section 9 asks for "
        "TC where it does not fit. Knot leaves it out in silence; NSD sets TC, as minidns does.",
        KNOT,
        frozenset({"TC"}),
        lambda case: (
            "TC" in case.ours.flags
            and RdataType.SOA in types_of(case.their_whole.authority - case.theirs.authority)
        ),
    ),
    Rule(
        "one of the two fits",
        "One reply is smaller than the other by what it leaves out or compresses, and fits.",
        ALL,
        frozenset({"TC"}),
        lambda case: (
            len((case.their_whole if "TC" in case.ours.flags else case.our_whole).wire)
            <= case.question.form.limit
        ),
    ),
    Rule(
        "TC for what is optional",
        "RFC 2181 section 9: TC is for data that is required. NSD and BIND set it too where all "
        "that is missing are addresses of name servers outside of the delegated zone, when none "
        "of them fits.",
        NSD | BIND,
        frozenset({"TC"}),
        lambda case: "TC" in case.theirs.flags and is_complete(case.ours, case.our_whole),
    ),
)

EXTRAS = (
    Extra(
        "address of the zone's NS",
        "NSD gives the addresses of the NS that it adds to an answer.",
        NSD,
        "theirs",
        lambda case, record: has_zone_ns(case) and record[0] in targets_of(case.theirs.authority),
    ),
    Extra(
        "additional for ANY",
        "NSD and Knot add addresses to what they chose for ANY. minidns adds none, so that ANY "
        "stays small (RFC 8482 section 4.1).",
        NSD | KNOT,
        "theirs",
        lambda case, record: (
            case.question.rdtype == RdataType.ANY and record[0] in targets_of(case.theirs.answer)
        ),
    ),
    Extra(
        "address from a wildcard",
        "The three make addresses from wildcards for the targets of records. RFC 1034 section "
        "4.3.2 step 6 wants what may be useful; minidns adds what stands in the zone by name.",
        ALL,
        "theirs",
        lambda case, record: not case.world.is_owner(record[0]),
    ),
    Extra(
        "targets of rare types",
        "RFC 1183 and RFC 2230 have addresses added for AFSDB, RT and KX; minidns holds these as "
        "unknown types (RFC 3597), which add nothing. For NAPTR RFC 3403 section 4.2 says MAY.",
        ALL,
        "theirs",
        lambda case, record: case.question.rdtype in RARE,
    ),
    Extra(
        "targets of service bindings",
        "RFC 9460 section 4.1: A, AAAA and SVCB of targets SHOULD be added. NSD 4.6 adds none, "
        "BIND addresses; Knot and minidns add all.",
        NSD | BIND,
        "ours",
        lambda case, record: case.question.rdtype in BINDINGS,
    ),
    Extra(
        "address for the target .",
        "RFC 9460 section 2.5.2: in ServiceMode the target . is the owner, so its addresses are "
        "those of section 4.1. Knot adds none then; BIND and minidns do.",
        KNOT,
        "ours",
        lambda case, record: case.question.rdtype in BINDINGS and record[0] == case.question.qname,
    ),
    Extra(
        "addresses behind an alias of bindings",
        "BIND adds what the added SVCB and HTTPS records point to. RFC 9460 section 4.1 speaks of "
        "the targets in the answer; Knot and minidns end there.",
        BIND,
        "theirs",
        lambda case, record: (
            case.question.rdtype in BINDINGS
            and record[1] in (RdataType.A, RdataType.AAAA)
            and record[0] not in targets_of(case.theirs.answer)
        ),
    ),
    Extra(
        "left out near the limit",
        "BIND leaves additional records out of a datagram that has little room left, though they "
        "would fit. They are optional (RFC 2181 section 9).",
        BIND,
        "ours",
        lambda case, record: record in case.their_whole.additional,
    ),
    Extra(
        "over 13 targets",
        "BIND adds nothing where a record set names more than 13 hosts (CVE-2024-11187).",
        BIND,
        "ours",
        lambda case, record: (
            max(len(targets_of(case.theirs.answer)), len(targets_of(case.theirs.authority)))
            > BIND_TARGETS
        ),
    ),
    Extra(
        "address that is no glue",
        "BIND's referrals, and its answer to NS of the root, hold what is at or below a zone cut. "
        "RFC 9471 section 3 allows the addresses of this zone's own hosts too; NSD and Knot "
        "add them, as minidns does.",
        BIND,
        "ours",
        lambda case, record: (
            (RdataType.NS in types_of(case.theirs.authority) or case.question.qname == ROOT)
            and not case.world.is_below_cut(record[0])
        ),
    ),
    Extra(
        "glue beside an answer",
        "BIND gives glue in referrals alone, and NSD none for MX. Knot and minidns add it for all "
        "targets of an answer's records (RFC 1034 section 4.3.2 step 6).",
        NSD | BIND,
        "ours",
        lambda case, record: bool(case.ours.answer) and case.world.is_below_cut(record[0]),
    ),
)

REASONS = Reasons(CONTENT_RULES, CUT_RULES, EXTRAS)
