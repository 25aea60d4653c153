"""The resolver's cache, without private addresses in answers for public names (DNS rebinding).

A group for a domain of one's own, with servers of one's own, may give any address.
"""

from collections.abc import Container, Sequence
from math import floor

from minidns.resolver.block_list import BlockList
from minidns.resolver.cache import Cache
from minidns.resolver.cached_answer import JustKept
from minidns.resolver.model import Group, Question, Segment
from minidns.resolver.rebinding import filter_private, has_private
from minidns.wire.name import ROOT
from minidns.wire.plain_reply import PlainReply


class PublicAnswers:
    """What `resolver.resolver.Cache` asks for. `private`: addresses that no public name may have.

    Names at or below `private_domains` (lower-case wire) may have them.
    """

    def __init__(
        self,
        cache: Cache,
        groups: Sequence[Group],
        private: Container[bytes],
        private_domains: Sequence[bytes],
    ) -> None:
        self._cache = cache
        self.get = cache.get
        self.recall = cache.recall
        self._public = {group.number for group in groups if group.domain == ROOT}
        self._private = private
        self._private_domains = private_domains
        self.block: BlockList | None = None  # what is on it is not kept, whoever was asked before

    def add(
        self, group_number: int, question: Question, segment: Segment, now: float
    ) -> JustKept | None:
        """As `Cache.add`, from the whole second on: so all TTLs count down in the same moment.

        None, too, where what is kept has less than the segment.
        """
        if self.block is not None and self.block.find(question.qname) is not None:
            return None
        public = self.filter(group_number, question.qname, segment)
        kept = self._cache.add(group_number, question, public, floor(now))
        return kept if public is segment else None

    def add_plain(self, group: Group, question: Question, reply: PlainReply, now: float) -> bool:
        """The same of a reply as it came; False where it may not be kept so."""
        if self.block is not None and self.block.find(question.qname) is not None:
            return False
        if group.number in self._public and has_private(reply, self._private):
            return False
        return self._cache.add_plain(group, question, reply, floor(now))

    def filter(self, group_number: int, qname: bytes, segment: Segment) -> Segment:
        """The segment itself, or one without records."""
        if group_number not in self._public:
            return segment
        return filter_private(segment, qname, self._private, self._private_domains)

    def forget(self) -> None:
        """All of it."""
        self._cache.flush()
