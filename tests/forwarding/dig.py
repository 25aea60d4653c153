"""dig (bind9-dnsutils) run as a user runs it, and what it says of the reply, read from `+yaml`."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from tests.forwarding.recursors import find

SECONDS = 20.0  # for what takes milliseconds, on a machine that is busy with other things


@dataclass(frozen=True)
class Dug:
    """A reply, over TCP where dig asked again. A record is `owner TTL class type rdata`."""

    status: str
    flags: frozenset[str]
    protocol: str  # UDP or TCP
    octets: int
    question: str
    answer: tuple[str, ...]
    authority: tuple[str, ...]
    opt: dict[str, Any]  # of the OPT record's pseudo section; empty without one
    source: str  # address that replied
    milliseconds: float  # from the query to the reply

    @property
    def records(self) -> set[str]:
        """Of the answer, without TTL and class."""
        return {_without_ttl(record) for record in self.answer}

    @property
    def types(self) -> list[str]:
        """Of the answer, in order."""
        return [record.split()[3] for record in self.answer]

    @property
    def ttls(self) -> list[int]:
        """Of the answer, in order."""
        return [int(record.split()[1]) for record in self.answer]


def dig(address: tuple[str, int], *words: str, prefix: Sequence[str] = ()) -> Dug:
    """Ask `address` with dig's own words (`www.example MX +tcp`); `prefix` is put before it all."""
    (reply,) = dig_all(address, [words], prefix=prefix)
    return reply


def dig_all(
    address: tuple[str, int],
    questions: Sequence[Sequence[str]],
    *more: str,
    prefix: Sequence[str] = (),
) -> list[Dug]:
    """Several questions, one after the other, by one dig. `more` is for all of them."""
    host, port = address
    where = (f"@{host}", "-p", str(port), "+yaml", "+tries=1", "+time=10", *more)
    words = [word for question in questions for word in question]
    done = subprocess.run(
        [*prefix, find("dig", "bind9-dnsutils"), "-r", *where, *words],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = [one["message"] for one in yaml.load(done.stdout, yaml.BaseLoader)]
    asked_again = ["tc" in one["response_message_data"]["flags"].split() for one in shown]
    if "+ignore" in words:
        asked_again = [False] * len(shown)
    replies = [_read(one) for one, again in zip(shown, asked_again, strict=True) if not again]
    assert len(replies) == len(questions), done.stdout
    return replies


def _read(message: dict[str, Any]) -> Dug:
    data = message["response_message_data"]
    opt = dict((data.get("OPT_PSEUDOSECTION") or {}).get("EDNS", {}))
    return Dug(
        data["status"],
        frozenset(data["flags"].split()),
        message["socket_protocol"],
        int(message["message_size"].rstrip("b")),
        data.get("QUESTION_SECTION", [""])[0],
        tuple(data.get("ANSWER_SECTION", ())),
        tuple(data.get("AUTHORITY_SECTION", ())),
        opt,
        message["response_address"],
        (_moment(message["response_time"]) - _moment(message["query_time"])).total_seconds() * 1000,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _without_ttl(record: str) -> str:
    owner, _, _, rtype, rdata = record.split(maxsplit=4)
    return f"{owner} {rtype} {rdata}"
