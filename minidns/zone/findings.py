"""The findings of one check of a zone, in bounded space: so many of a rule, then their number.

A hostile zone has a finding in every record. What is not kept is counted and never put into words.
Knows no rule; the checks report, `zone.faults` has severities and references.
"""

from minidns.wire.name import name_to_text
from minidns.zone.faults import fault
from minidns.zone.model import Fault, Mark

MAX_PER_RULE = 100  # findings; who mends these checks again


class Findings:
    """Gathers findings; `faults` gives them in the order of files, lines and columns."""

    def __init__(self) -> None:
        self._kept: list[Fault] = []
        self._counts: dict[str, int] = {}
        self._first_left_out: dict[str, Mark] = {}

    def report(self, rule: str, mark: Mark, message: str, *parts: bytes | Mark | str | int) -> None:
        """Note a finding. `parts` fill the `{}` of the message.

        Wire names are shown in presentation form, marks as file and line.
        """
        count = self._counts[rule] = self._counts.get(rule, 0) + 1
        if count <= MAX_PER_RULE:
            self._kept.append(fault(rule, mark, message.format(*map(_show, parts))))
        else:
            self._first_left_out.setdefault(rule, mark)

    def faults(self) -> list[Fault]:
        """What was found; of a rule with more than MAX_PER_RULE findings a last line says so."""
        left_out = [
            fault(
                rule,
                mark,
                f"and {self._counts[rule] - MAX_PER_RULE:,} more, the first of them here",
            )
            for rule, mark in self._first_left_out.items()
        ]
        return sorted(self._kept + left_out, key=lambda found: found.mark)


def _show(part: bytes | Mark | str | int) -> str:
    if isinstance(part, bytes):
        return name_to_text(part)
    if isinstance(part, Mark):
        return f"{part.file}:{part.line}"
    return str(part)
