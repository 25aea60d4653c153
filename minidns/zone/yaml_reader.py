"""The YAML files of one zone: the file itself and what it includes, with every fault gathered.

What a hostile file could grow is bounded before it is built (README, Limits): octets, includes,
their depth, and what aliases and merges expand to. Knows nothing of DNS.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from minidns.zone.faults import fault
from minidns.zone.include import (
    MAX_FILE,
    MAX_INCLUDE_DEPTH,
    MAX_INCLUDES,
    UnreadableFile,
    ZoneFiles,
    find_include,
)
from minidns.zone.model import Fault, Mark
from minidns.zone.yaml_document import CannotGoOn, Document
from minidns.zone.yaml_syntax import explain_syntax_error, find_encoding_fault
from minidns.zone.yaml_tree import Node, Place, Text, failed_at, mark_of

MAX_EXPANDED = 10_000_000  # nodes that the aliases and merges of one zone stand for
MAX_PER_RULE = 1_000  # faults of one zone; who mends these checks again


class YamlReader:
    """Reads YAML files; their faults and what was read, includes too, gather in it."""

    def __init__(self, files: ZoneFiles | None = None) -> None:
        self.faults: list[Fault] = []
        self.files = ZoneFiles() if files is None else files
        self._root = Path()
        self._octets = 0
        self._expanded = 0
        self._includes = 0
        self._reported: Counter[str] = Counter()

    def read_entries(self, path: Path, root: Path) -> Iterator[tuple[Text, Node]]:
        """The keys and values of the file's top map, in its order; merged ones come last.

        Includes stay under the directory `root`. A file of nothing but comments has no entries.
        Where the parser cannot go on the entries end; the fault is noted then.
        """
        self._root = root
        document = self._open(path, (), Mark(str(path), 1, 1))
        if document is None:
            return
        try:
            yield from document.read_entries()
        except yaml.YAMLError as error:
            self.faults.append(explain_syntax_error(str(path), document.data, error))
        except CannotGoOn:
            return

    def report(self, rule: str, place: Place, message: str) -> None:
        """Note a fault; of one rule MAX_PER_RULE, and that there are more."""
        self._reported[rule] += 1
        if self._reported[rule] > MAX_PER_RULE + 1:
            return
        if self._reported[rule] > MAX_PER_RULE:
            message = (
                f"over {MAX_PER_RULE:,} of these: mend them, and check again to see the others"
            )
        self.faults.append(fault(rule, mark_of(place), message))

    def expand(self, size: int, place: Place) -> None:
        """Count nodes that an alias or a merge stands for. Raises CannotGoOn at the limit."""
        self._expanded += size
        if self._expanded > MAX_EXPANDED:
            message = f"the aliases so far stand for over {MAX_EXPANDED:,} values: write them out"
            self.report("expansion-too-large", place, message)
            raise CannotGoOn

    def include(self, including: Document, name: str, place: Place, depth: int) -> Node:
        """The tree of an included file; Failed where it is refused, broken or empty."""
        self._includes += 1
        if len(including.chain) > MAX_INCLUDE_DEPTH:
            message = f"includes are nested over {MAX_INCLUDE_DEPTH} deep"
            self.report("include-depth", place, message)
            return failed_at(place)
        if self._includes > MAX_INCLUDES:
            self.report("include-depth", place, f"the zone has over {MAX_INCLUDES:,} includes")
            raise CannotGoOn
        try:
            path = find_include(including.path, name, self._root)
        except UnreadableFile as error:
            self.report(error.rule, place, str(error))
            return failed_at(place)
        document = self._open(path, including.chain, mark_of(place))
        if document is None:
            return failed_at(place)
        try:
            node = document.read_tree(depth)
        except yaml.YAMLError as error:
            self.faults.append(explain_syntax_error(str(path), document.data, error))
            return failed_at(place)
        if node is None:
            self.report("bad-include", place, f"'{path}' holds nothing: remove the include")
            return failed_at(place)
        return node

    def _open(self, path: Path, chain: tuple[str, ...], mark: Mark) -> Document | None:
        """A document over the file; one that cannot be opened is reported at `mark`."""
        real = os.path.realpath(path)
        if real in chain:
            message = f"'{path}' includes itself, directly or through others: remove this include"
            self.faults.append(fault("include-loop", mark, message))
            return None
        try:
            data = self.files.read(path)
        except UnreadableFile as error:
            self.faults.append(fault(error.rule, mark, str(error)))
            return None
        self._octets += len(data)
        if self._octets > MAX_FILE:
            message = f"the zone's files are over {MAX_FILE // (1024 * 1024)} MiB together"
            self.faults.append(fault("file-too-large", mark, message))
            return None
        wrong = find_encoding_fault(str(path), data)
        if wrong is not None:
            self.faults.append(wrong)
            return None
        return Document(self, path, data, chain + (real,), self.files)
