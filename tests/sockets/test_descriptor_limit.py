"""RLIMIT_NOFILE raised where the connections need it."""

import resource

import pytest

from minidns.sockets.descriptor_limit import fit_connections


class Limits:
    """Stands in for the kernel's."""

    def __init__(self, soft: int, hard: int, refuses: bool = False) -> None:
        self.value = (soft, hard)
        self.refuses = refuses

    def get(self, what: int) -> tuple[int, int]:
        assert what == resource.RLIMIT_NOFILE
        return self.value

    def set(self, what: int, value: tuple[int, int]) -> None:
        if self.refuses:
            raise ValueError
        self.value = value


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "fits", "soft_after"),
    [
        (1024, 4096, 150, 150, 1024),
        (256, 4096, 150, 150, 406),
        (256, resource.RLIM_INFINITY, 1000, 1000, 1256),
        (256, 300, 150, 44, 300),
        (100, 100, 150, 1, 100),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 10_000, 10_000, resource.RLIM_INFINITY),
    ],
)
def test_fits(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, wanted: int, fits: int, soft_after: int
) -> None:
    limits = Limits(soft, hard)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    assert fit_connections(wanted) == fits
    assert limits.value == (soft_after, hard)


def test_refused_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(300, 5000, refuses=True)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    assert fit_connections(150) == 44
