"""The rules that a zone's files are held to: slug, severity, and where the rule comes from.

One table, so that a rule has the same severity and reference wherever it is found. An error
keeps the zone from being served; what is warned of is served, as BIND, NSD and Knot do. What a
fault says (what is wrong, what would be right) is written where it is found.
"""

from typing import NamedTuple

from minidns.zone.model import Fault, Mark

ERROR = "error"
WARNING = "warning"
MAX_MESSAGE = 500  # characters; a message quotes what stands in the file, which may be anything
_FORMAT = "README, Zones"


class Rule(NamedTuple):
    """`severity` is "error" or "warning"; `reference` an RFC with section, or a document."""

    severity: str
    reference: str


RULES: dict[str, Rule] = {
    # Files and directories
    "no-such-path": Rule(ERROR, ""),
    "unreadable-file": Rule(ERROR, ""),
    "file-too-large": Rule(ERROR, "README, Limits"),
    "unknown-suffix": Rule(ERROR, _FORMAT),
    "bad-zone-name": Rule(ERROR, "RFC 1035 section 2.3.4"),
    "zone-twice": Rule(ERROR, _FORMAT),
    "file-ignored": Rule(WARNING, _FORMAT),
    "no-zones": Rule(WARNING, _FORMAT),
    "octodns-configuration": Rule(WARNING, "octoDNS"),
    # YAML
    "encoding": Rule(ERROR, _FORMAT),
    "yaml-syntax": Rule(ERROR, "YAML 1.1"),
    "equal-keys": Rule(ERROR, "YAML 1.1 section 3.2.1.1"),
    "equal-anchors": Rule(ERROR, _FORMAT),
    "undefined-alias": Rule(ERROR, "YAML 1.1 section 3.2.2.2"),
    "recursive-alias": Rule(ERROR, _FORMAT),
    "expansion-too-large": Rule(ERROR, "README, Limits"),
    "nesting-too-deep": Rule(ERROR, "README, Limits"),
    "second-document": Rule(ERROR, _FORMAT),
    "unknown-tag": Rule(ERROR, _FORMAT),
    "bad-merge": Rule(ERROR, "YAML merge key type"),
    "bad-include": Rule(ERROR, _FORMAT),
    "include-loop": Rule(ERROR, _FORMAT),
    "include-depth": Rule(ERROR, "README, Limits"),
    # Master files
    "master-syntax": Rule(ERROR, "RFC 1035 section 5.1"),
    "bad-directive": Rule(ERROR, "RFC 1035 section 5.1"),
    "bad-generate": Rule(ERROR, "BIND 9 manual"),
    "generate-too-large": Rule(ERROR, "README, Limits"),
    "no-ttl": Rule(ERROR, "RFC 2308 section 4"),
    "other-class": Rule(ERROR, "RFC 1035 section 5.2"),
    "too-many-faults": Rule(ERROR, "README, Limits"),
    # The structure of a zone file
    "bad-structure": Rule(ERROR, _FORMAT),
    "missing-type": Rule(ERROR, _FORMAT),
    "missing-value": Rule(ERROR, _FORMAT),
    "unknown-type": Rule(ERROR, "RFC 3597 section 5"),
    "unknown-key": Rule(WARNING, _FORMAT),
    "unknown-extension": Rule(ERROR, _FORMAT),
    "value-and-values": Rule(WARNING, _FORMAT),
    "bad-name": Rule(ERROR, "RFC 1035 section 2.3.4"),
    "bad-idn": Rule(ERROR, "RFC 5891 section 4"),
    "doubtful-idn": Rule(WARNING, "RFC 5891 section 5.4"),
    "mixed-script": Rule(WARNING, "RFC 5890 section 4.4"),
    "absolute-owner": Rule(WARNING, _FORMAT),
    "owner-repeats-zone": Rule(WARNING, _FORMAT),
    "bad-ttl": Rule(ERROR, "RFC 2181 section 8"),
    "bad-value": Rule(ERROR, ""),
    "written-twice": Rule(ERROR, _FORMAT),
    "too-many-records": Rule(ERROR, "README, Limits"),
    "type-skipped": Rule(WARNING, "octoDNS"),
    "plain-values": Rule(WARNING, "octoDNS"),
    # The zone as a whole: refused
    "out-of-zone": Rule(ERROR, "RFC 1035 section 5.2"),
    "meta-type": Rule(ERROR, "RFC 6895 section 3.1"),
    "cname-and-other-data": Rule(ERROR, "RFC 1034 section 3.6.2"),
    "several-cnames": Rule(ERROR, "RFC 2181 section 10.1"),
    "several-dnames": Rule(ERROR, "RFC 6672 section 2.4"),
    "several-soas": Rule(ERROR, "RFC 1035 section 5.2"),
    "soa-below-apex": Rule(ERROR, "RFC 1035 section 5.2"),
    "alias-and-address": Rule(ERROR, _FORMAT),
    "ttl-too-large": Rule(ERROR, "RFC 2181 section 8"),
    "set-too-large": Rule(ERROR, "RFC 1035 section 4.2.2"),
    "too-many-in-set": Rule(ERROR, "CVE-2024-1737"),
    "too-many-types": Rule(ERROR, "CVE-2024-1737"),
    # The zone as a whole: warned of and served
    "no-soa": Rule(WARNING, "RFC 1035 section 5.2"),
    "no-ns": Rule(WARNING, "RFC 1034 section 4.2.1"),
    "cname-loop": Rule(WARNING, "RFC 1034 section 5.2.2"),
    "dname-loop": Rule(WARNING, "RFC 6672 section 5.2"),
    "alias-loop": Rule(WARNING, _FORMAT),
    "occluded": Rule(WARNING, "RFC 2136 section 7.18"),
    "below-dname": Rule(WARNING, "RFC 6672 section 2.4"),
    "target-is-alias": Rule(WARNING, "RFC 2181 section 10.3"),
    "target-without-address": Rule(WARNING, "RFC 1912 section 2.8"),
    "missing-glue": Rule(WARNING, "RFC 1034 section 4.2.1"),
    "equal-records": Rule(WARNING, "RFC 2181 section 5"),
    "different-ttls": Rule(WARNING, "RFC 2181 section 5.2"),
    "wildcard-at-apex": Rule(WARNING, "RFC 1912 section 2.7"),
    "ns-at-wildcard": Rule(WARNING, "RFC 4592 section 4.2"),
    "ds-at-wildcard": Rule(WARNING, "RFC 4592 section 4.6"),
    "relative-target": Rule(WARNING, _FORMAT),
}


def fault(rule: str, mark: Mark, message: str) -> Fault:
    """The finding `message` about the place `mark`, with the rule's severity and reference.

    Raises KeyError for a rule that the table does not hold.
    """
    severity, reference = RULES[rule]
    if len(message) > MAX_MESSAGE:
        message = message[:MAX_MESSAGE] + "..."
    if not message.isprintable():  # what stands in a file must not move the reader's cursor
        message = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in message)
    return Fault(mark, severity, rule, message, reference)


def is_refused(faults: list[Fault]) -> bool:
    """Whether one of the faults is an error, so that the zone is not served."""
    return any(found.severity == ERROR for found in faults)
