"""Packed names find what a dict finds."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from minidns.resolver.packed_names import PackedNames, write

# Few octets, so that names are equal and begin alike; none that stands for a length alone.
NAMES = st.one_of(
    st.text(alphabet="ab\0", min_size=1, max_size=3).map(str.encode),
    st.binary(min_size=255, max_size=255),
)
NUMBERS = st.integers(min_value=1, max_value=2**32 - 1)


def log_of(entries: Iterable[tuple[bytes, int]]) -> bytearray:
    log = bytearray()
    for name, number in entries:
        write(log, name, number)
    return log


@given(st.lists(st.tuples(NAMES, NUMBERS)), st.lists(NAMES))
def test_as_a_dict(entries: list[tuple[bytes, int]], others: list[bytes]) -> None:
    held: dict[bytes, int] = {}
    for name, number in entries:
        held[name] = min(held.get(name, number), number)
    names = PackedNames(log_of(entries), min)
    for name in [*held, *others]:
        assert names.get(name) == held.get(name, 0)
    assert len(names) == len(held)
    again = PackedNames(names.log(), min)
    assert [again.get(name) for name in held] == list(held.values())
    assert len(again) == len(held)


def test_earlier_before_later() -> None:
    log = log_of([(b"a", 1), (b"b", 2), (b"a", 3), (b"a", 4)])
    seen = []

    def merge(earlier: int, later: int) -> int:
        seen.append((earlier, later))
        return later

    assert PackedNames(log, merge).get(b"a") == 4
    assert seen == [(1, 3), (3, 4)]


def test_nothing() -> None:
    names = PackedNames()
    assert (len(names), names.get(b"a"), names.log()) == (0, 0, b"")
