"""`python -m bench.forgery`, a short one."""

import pytest

from bench.forgery import main


def test_no_guess_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["forgery", "--queries", "5", "--forgeries", "300"])
    assert main() == 0
    assert capsys.readouterr().out.startswith(
        "5 queries, 1500 forged replies, 0 taken, 5 seen before TCP was asked"
    )
