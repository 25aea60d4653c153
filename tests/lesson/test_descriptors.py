"""Experiment 10 where its child process does not do its part."""

import sys

import pytest

from minidns.lesson import descriptors
from tests.lesson.runs import open_descriptors, run


def test_no_child_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_descriptors()
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    text, failures = run(10)
    assert failures == []
    assert "  skipped: all of it, since no other process can be started" in text
    assert "rules hold" not in text
    assert open_descriptors() == before


def test_child_that_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "_CHILD", "minidns.lesson.no_such_module")
    text, failures = run(10)
    assert len(failures) == 1
    assert "the child process ended early" in failures[0]
    assert "no_such_module" in failures[0]
    assert "DOES NOT HOLD" in text
