"""The README is true: its commands run and print what it says, its zones load, its links lead on.

Output is compared line by line where the README shows any; identifiers, times and port numbers are
what may differ. A command that no test here knows how to run fails.
"""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from minidns.config import ResolverSettings, ServeSettings
from minidns.server.config_file import read_config
from minidns.zone.directory import load_zones
from tests.server.command import ROOT, SECONDS, Running, serving

README = (ROOT / "README.md").read_text()


@dataclass(frozen=True)
class Command:
    """A command of a console block, with the output that the README shows."""

    text: str
    output: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    def __str__(self) -> str:
        return self.text


def blocks(language: str) -> list[tuple[str, str]]:
    """The text before each fenced block of that language, and the block."""
    pattern = rf"^(.*?)^```{language}\n(.*?)^```$"
    found = []
    for before, block in re.findall(pattern, README, re.MULTILINE | re.DOTALL):
        found.append((before.rsplit("```", 1)[-1], block))
    return found


def commands() -> Iterator[Command]:
    for _, block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            text, *output = part.rstrip("\n").split("\n")
            yield Command(text, tuple(output))


def commands_of(*programs: str) -> list[Command]:
    return [command for command in commands() if command.words[0] in programs]


def normal(line: str) -> str:
    line = re.sub(r"\bid: \d+", "id: N", line)
    line = re.sub(r"Query time: \d+", "Query time: N", line)
    return re.sub(r"#\d+\(", "#PORT(", line)


def test_every_command_is_run_here() -> None:
    known = {"dig", "minidns", "make", "docker"}
    assert {command.words[0] for command in commands()} == known


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    # As the resolver of the machine that the README was written on; no command here asks it.
    forward = ("--forward", "192.168.1.1")
    with serving(ROOT / "zones", *forward, listen=("127.0.0.1:0", "[::1]:0")) as running:
        yield running


@pytest.mark.skipif(shutil.which("dig") is None, reason="needs dig (Debian: bind9-dnsutils)")
@pytest.mark.parametrize("command", commands_of("dig"), ids=str)
def test_dig_prints_what_is_shown(server: Running, command: Command) -> None:
    ports = dict(server.addresses)
    words = command.words
    host = next(word[1:] for word in words if word.startswith("@"))
    at = words.index("-p") + 1
    assert words[at] == "5053"
    words[at] = str(ports[host])
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=True)
    actual = [normal(line) for line in done.stdout.splitlines()]
    expected = [normal(line) for line in command.output if line]
    rest = iter(actual)
    assert all(line in rest for line in expected), done.stdout  # in this order
    records = [line for line in actual if line and not line.startswith(";")]
    assert records == [line for line in expected if not line.startswith(";")]


def test_make_serve_says_what_is_shown(server: Running) -> None:
    command = next(command for command in commands_of("make") if command.words[1] == "serve")
    (line,) = command.output
    before, _, where = line.rpartition(" on ")
    assert where == "127.0.0.1:5053 and [::1]:5053 (UDP and TCP)"
    assert server.said == [f"{before} on {server.said[-1].rpartition(' on ')[2]}"]


def test_make_knows_its_targets() -> None:
    targets = {*re.findall(r"`make (\w+)`", README)}
    targets |= {command.words[1] for command in commands_of("make")}
    assert targets >= {"serve", "test", "container"}
    for target in targets:
        command = ["make", "--dry-run", target]
        subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS, check=True)


def test_minidns_commands_in_their_order(tmp_path: Path) -> None:
    """In one directory, as who follows the README would type them."""
    shutil.copytree(ROOT / "zones", tmp_path / "zones")
    for before, block in blocks("yaml"):
        name = re.search(r"`([\w.-]+\.yaml)` holds this:\s*\Z", before)
        if name:
            (tmp_path / name[1]).write_text(block)
    program = tmp_path / "bin" / "minidns"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m minidns "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:/usr/bin:/bin"
    for command in commands_of("minidns"):
        done = subprocess.run(
            ["/bin/sh", "-c", command.text],
            cwd=tmp_path,
            env={"PATH": path, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        expected_code = 1 if command.words[1] == "check" else 0
        assert done.returncode == expected_code, done.stderr
        if command.output:
            assert (done.stdout + done.stderr).splitlines() == list(command.output)
    assert load_zones([tmp_path / "again.yaml"]).zones


def test_the_zone_that_is_shown_has_no_fault(tmp_path: Path) -> None:
    _, block = blocks("yaml")[0]
    path = tmp_path / "example.com.yaml"
    path.write_text(block)
    loaded = load_zones([path])
    assert loaded.faults == []
    assert len(loaded.catalog.zones) == 1


def test_the_configuration_that_is_shown_has_no_fault(tmp_path: Path) -> None:
    section = README[README.index("## Configuration") : README.index("## Docker")]
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    path = tmp_path / "minidns.yaml"
    path.write_text(block)
    settings, faults = read_config(path)
    assert faults == []
    assert len(settings.resolver.forward or ()) == 4


def test_every_key_of_the_configuration_is_in_the_table_with_its_default(tmp_path: Path) -> None:
    section = README[README.index("## Configuration") : README.index("Of a group in `forward`")]
    shown = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", section, re.MULTILINE))
    maps = ("block", "cache", "limits")
    keys = {key for key in keys_of(tmp_path, "{}: 1") if key not in ("cache", "limits")}
    keys |= {f"{of}.{key}" for of in maps for key in keys_of(tmp_path, f"{of}: {{{{{{}}: 1}}}}")}
    assert shown.keys() == keys
    values = {key: text.strip("`") for key, text in shown.items() if text.startswith("`")}
    lines = [f"{key}: {value}" for key, value in values.items() if "." not in key]
    for of in maps:
        inner = [f"  {key}: {value}" for key, value in values.items() if key.startswith(f"{of}.")]
        lines += [f"{of}:", *(line.replace(f"{of}.", "", 1) for line in inner)]
    path = tmp_path / "minidns.yaml"
    path.write_text("\n".join(lines))
    settings, faults = read_config(path)
    assert faults == []
    assert replace(settings, zones=ServeSettings().zones) == ServeSettings(
        resolver=ResolverSettings()
    )


def keys_of(directory: Path, text: str) -> list[str]:
    """The keys that there are, as the fault of one that there is not lists them."""
    path = directory / "keys.yaml"
    path.write_text(text.format("qqqqqqqq"))
    (fault,) = read_config(path).faults
    return fault.message.partition(": there are ")[2].split(", ")


def test_every_option_of_serve_is_in_the_table() -> None:
    command = [sys.executable, "-m", "minidns", "serve", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    options = {*re.findall(r"^  (--[\w-]+)", done.stdout, re.MULTILINE)}
    section = README[README.index("## The command") : README.index("## Docker")]
    assert options - {"--help"} == {*re.findall(r"`(--[\w-]+)", section)} - {"--help"}


def test_files_that_are_named_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    modules = re.findall(
        r"`((?:authority|responder|sockets|transport|wire|zone)/[\w*./]*)`", README
    )
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link
    for module in modules:
        assert list((ROOT / "minidns").glob(module.rstrip("/"))), module
    for path in re.findall(r"`(tests/[\w/.]+)`", README):
        assert (ROOT / path).exists(), path


def test_docker_commands_fit_what_the_container_proof_runs() -> None:
    """No engine, and nothing from beyond loopback, in a test: `make container` runs the same."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    proof = (ROOT / "tests/container/prove.sh").read_text()
    build, run, compose = (command.words for command in commands_of("docker"))
    assert build == ["docker", "build", "-t", "minidns", "."]
    assert compose[1] == "compose"
    assert run[-1] == build[3]
    options = [word for word in run if word.startswith("--") and word != "--rm"]
    assert options
    for option in options:
        assert re.search(rf"^  .*{option}\b", proof, re.MULTILINE), option
    published = [run[at + 1] for at, word in enumerate(run) if word == "-p"]
    exposed = re.findall(r"^EXPOSE (.*)$", dockerfile, re.MULTILINE)[0].split()
    assert [port.rpartition(":")[2] for port in published] == exposed
