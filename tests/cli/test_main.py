"""The command itself: help, version, exit codes, and streams that are closed or full."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import minidns
from minidns.cli.main import main
from minidns.responder import ordinary
from tests.server.command import (
    BROKEN,
    COM,
    SECONDS,
    command,
    environment,
    write_zones,
)

MANY = 2_000  # faults, hundreds of kilobytes of lines: more than a pipe holds


def test_alone_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: minidns ")
    for name in ("serve", "check", "convert", "schema"):
        assert f"\n    {name} " in shown


def test_version_loads_no_dns() -> None:
    loaded = "import sys; from minidns.cli.main import main\ntry: main(['--version'])\n"
    loaded += "except SystemExit as end: print(end.code, *sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", loaded],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    version, modules = done.stdout.splitlines()
    form = "" if ordinary.__file__.endswith(".py") else " (compiled)"
    assert version == f"minidns {minidns.__version__}{form}"
    code, *names = modules.split()
    assert code == "0"
    assert not {"dns", "dnslib", "yaml", "asyncio", "idna"} & set(names)


def test_yaml_needs_no_dnspython(tmp_path: Path) -> None:
    """A tenth of a second at each start."""
    write_zones(tmp_path, com=COM)
    loaded = "import sys; from minidns.cli.main import main\n"
    loaded += "import minidns.server.run\n"
    loaded += "print(main(['check', sys.argv[1]]), 'dns' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded, str(tmp_path)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0 False"


@pytest.mark.parametrize("arguments", [("frobnicate",), ("serve", "--no-such"), ("check", "--no")])
def test_wrong_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usage: minidns")


@pytest.mark.parametrize("command_name", ["serve", "check"])
def test_interrupted_while_loading(tmp_path: Path, command_name: str) -> None:
    interrupting = "import signal, sys, minidns.zone.directory as directory\n"
    interrupting += "directory.load_zones = lambda *_, **__: signal.raise_signal(signal.SIGINT)\n"
    interrupting += "from minidns.cli.main import run\nsys.exit(run())"
    listen = ["--listen", "127.0.0.1:0", "--no-forward"] if command_name == "serve" else []
    done = subprocess.run(
        [sys.executable, "-c", interrupting, command_name, *listen],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGINT, "", "")


@pytest.mark.parametrize("format_name", ["text", "json"])
def test_nobody_reads_the_output(tmp_path: Path, format_name: str) -> None:
    text = "".join(f"n{number}: {{type: A, value: 1}}\n" for number in range(MANY))
    write_zones(tmp_path, com=text)
    process = subprocess.Popen(
        command("check", tmp_path, "--format", format_name),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=SECONDS)
    assert (process.returncode, said) == (128 + signal.SIGPIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_full_disk(tmp_path: Path) -> None:
    write_zones(tmp_path, com=BROKEN)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command("check", tmp_path),
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"minidns: {os.strerror(errno.ENOSPC)}"


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_started_with_closed_streams(tmp_path: Path, closed: str) -> None:
    write_zones(tmp_path, com=BROKEN)
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *command("check", tmp_path)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert ("bad-value" in done.stdout) == ("1>&-" not in closed)
    assert ("refused: 1" in done.stderr) == ("2>&-" not in closed)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc")
def test_descriptors_of_closed_streams_are_filled(tmp_path: Path) -> None:
    """Else the first socket would get number 2, and a traceback would be sent to its peer."""
    filled = "import os, sys; from minidns.cli.main import _fill_streams; _fill_streams()\n"
    filled += "names = [os.readlink(f'/proc/self/fd/{number}') for number in range(3)]\n"
    filled += "open(sys.argv[1], 'w').write(' '.join(names))"
    path = tmp_path / "streams"
    closing = 'exec "$@" 0<&- 1>&- 2>&-'
    done = subprocess.run(
        ["sh", "-c", closing, "sh", sys.executable, "-c", filled, str(path)],
        env=environment(),
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, path.read_text()) == (0, "/dev/null /dev/null /dev/null")


def test_file_names_do_not_move_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_zones(tmp_path, com=COM)
    (tmp_path / "not\x1b[2J\na zone").touch()
    assert main(["check", str(tmp_path)]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "file-ignored" in line)
    assert "not\\u001b[2J\\u000aa zone:1:1: warning: file-ignored: " in line


def run_python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_log_lines_are_lower_case() -> None:
    done = run_python(
        "import logging; from minidns.cli import output; output.log_to_stderr('warning')\n"
        "logging.getLogger('a').info('no'); logging.getLogger('a').warning('yes %s', 1)"
    )
    assert done.stderr == "minidns: warning: yes 1\n"


def test_log_lines_leave_the_record_to_other_handlers() -> None:
    done = run_python(
        "import logging, sys; from minidns.cli import output; output.log_to_stderr('warning')\n"
        "other = logging.StreamHandler(sys.stdout)\n"
        "other.setFormatter(logging.Formatter('%(levelname)s'))\n"
        "logging.getLogger().addHandler(other); logging.getLogger('a').warning('yes')"
    )
    assert (done.stderr, done.stdout) == ("minidns: warning: yes\n", "WARNING\n")
