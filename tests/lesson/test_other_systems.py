"""What depends on the system is skipped with a word elsewhere, and nothing breaks.

A Linux kernel stays one under another name: only rules that are kept on both can be seen here.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lesson.runs import run
from tests.server.command import SECONDS, environment

AS_ANOTHER = """
import asyncio, subprocess, sys
sys.platform = "freebsd"
from minidns.cli.main import main
sys.exit(main(["lesson", "all"]))
"""


def test_not_on_linux() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == ""
    assert "Traceback" not in done.stdout
    assert "(This system has no /proc/net: from getsockname() and getpeername().)" in done.stdout
    assert "SOCK_CLOEXEC" not in done.stdout.split("10. Descriptors")[0]
    for skipped in ("127.0.0.2", "a rule of Linux", "IP_PKTINFO", "how the group shares"):
        assert f"  skipped: {skipped}" in done.stdout or f"to {skipped}, which" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of Linux")
def test_queue_that_migrates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    setting = tmp_path / "tcp_migrate_req"
    setting.write_text("1\n")
    monkeypatch.setattr("minidns.lesson.reuse_port._MIGRATE", setting)
    text, failures = run(7)
    assert failures == []
    assert "  skipped: the reset" in text
    assert "ECONNRESET" not in text
