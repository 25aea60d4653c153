"""The README is true: its commands run and print what it says, its zones load, its links lead on.

Output is compared line by line where the README shows any; identifiers, times and port numbers are
what may differ. A command that no test here knows how to run fails.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dns.message
import dns.query
import pytest

from minidns.cli.serve import add_parser
from minidns.cli.serve_options import settings_of
from minidns.config import ResolverSettings, ServeSettings
from minidns.resolver.model import Group
from minidns.responder.routes import Routes
from minidns.server.config_file import read_config
from minidns.server.conflicts import find_conflicts
from minidns.upstream.address import parse_upstream
from minidns.wire.name import is_at_or_below
from minidns.zone.directory import load_zones
from minidns.zone.model import Catalog
from minidns.zone.special_use import special_use_zones
from tests.harness import wire_name
from tests.readme import (
    HOME,
    README,
    SOCKETS,
    Command,
    blocks,
    commands,
    commands_in,
    commands_of,
    text_of,
)
from tests.server.command import ROOT, SECONDS, Running, environment, serving


def normal(line: str) -> str:
    line = re.sub(r"\bid: \d+", "id: N", line)
    line = re.sub(r"Query time: \d+", "Query time: N", line)
    return re.sub(r"#\d+\(", "#PORT(", line)


def test_every_command_is_run_here() -> None:
    known = {"dig", "minidns", "make", "docker"}
    assert {command.words[0] for command in commands()} == known


needs_dig = pytest.mark.skipif(
    shutil.which("dig") is None, reason="needs dig (Debian: bind9-dnsutils)"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    # As the resolver of the machine that the README was written on; no command here asks it.
    forward = ("--forward", "192.168.1.1")
    with serving(ROOT / "zones", *forward, listen=("127.0.0.1:0", "[::1]:0")) as running:
        yield running


@needs_dig
@pytest.mark.parametrize("command", commands_of("dig"), ids=str)
def test_dig_prints_what_is_shown(server: Running, command: Command) -> None:
    ports = dict(server.addresses)
    words = command.words
    host = next(word[1:] for word in words if word.startswith("@"))
    at = words.index("-p") + 1
    assert words[at] == "5053"
    words[at] = str(ports[host])
    check_dig(words, command)


def check_dig(words: list[str], command: Command) -> None:
    """Run `words`; what they print is what the README shows for `command`."""
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
        inner += ["  files: []"] if of == "block" else []
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


@needs_dig
def test_the_home_network_is_served_as_shown(tmp_path: Path) -> None:
    """On loopback instead of the router's address; its upstreams are not asked."""
    held = r"`([\w./]+)` holds this[^:\n]*:\n\n```\w+\n(.*?)^```$"
    files = re.findall(held, text_of(HOME), re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == [
        "minidns.yaml",
        "zones/home.arpa.yaml",
        "hosts",
        "block.txt",
    ]
    (tmp_path / "zones").mkdir()
    for name, text in files:
        (tmp_path / name).write_text(text)
    (check,) = commands_in(HOME, "minidns", "check")
    checked = [sys.executable, "-m", "minidns", *check.words[1:]]
    done = subprocess.run(
        checked, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert (done.stdout + done.stderr).splitlines() == list(check.output)
    (serve,) = commands_in(HOME, "minidns", "serve")
    options = serve.words[2:]
    options[1:2] = [str(tmp_path / options[1])]
    with serving(tmp_path / "zones", *options) as running:
        (line,) = serve.output
        assert running.said == [line.replace(" on 192.168.1.1:53 ", f" on {where(running)} ")]
        digs = commands_in(HOME, "dig")
        assert len(digs) == 5
        for command in digs:
            host, port = running.addresses[0]
            assert command.words[1] == "@192.168.1.1"
            check_dig(["dig", f"@{host}", "-p", str(port), *command.words[2:]], command)


def where(running: Running) -> str:
    return running.ready.rpartition(" on ")[2].removesuffix(" (UDP and TCP)")


@pytest.mark.parametrize("command", commands_in(SOCKETS, "minidns", "lesson"), ids=str)
def test_the_lesson_runs(command: Command) -> None:
    words = [sys.executable, "-m", "minidns", *command.words[1:]]
    subprocess.run(words, env=environment(), capture_output=True, timeout=SECONDS, check=True)


def test_sockets_and_trace_look_as_shown(tmp_path: Path) -> None:
    """But for numbers, and the width that they take."""
    shown_lines = re.findall(r"```text\n(.*?)```", text_of(SOCKETS), re.DOTALL)[-1].splitlines()
    (command,) = commands_in(SOCKETS, "minidns", "sockets")
    control = str(tmp_path / "control")
    options = ("--trace", "--control", control, "--no-forward")
    with serving(ROOT / "zones", *options) as running, running.connect() as connection:
        running.ask(dns.message.make_query("www.example.com", "A", use_edns=0))
        query = dns.message.make_query("www.example.com", "AAAA", use_edns=0)
        dns.query.send_tcp(connection, query)
        dns.query.receive_tcp(connection)
        words = [sys.executable, "-m", "minidns", *command.words[1:], "--control", control]
        done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
        traced = running.wait_for(" udp ") + running.wait_for(" tcp ")
    assert list(map(shape, done.stdout.splitlines())) == list(map(shape, command.output))
    assert list(map(shape, traced)) == list(map(shape, shown_lines))


def shape(line: str) -> str:
    return " ".join(re.sub(r"\d+(\.\d+)?s?", "N", line).split())


def test_commands_of_servers_elsewhere_are_accepted() -> None:
    """`minidns serve` in blocks without a language: its options are right."""
    lines = re.findall(r"^(?:docker run .* )?minidns (serve .*)$", README, re.MULTILINE)
    assert len(lines) >= 3
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    for line in lines:
        arguments = parser.parse_args(shlex.split(line))
        assert find_conflicts(settings_of(arguments, ServeSettings())) == [], line


def test_settings_of_views_have_no_fault(tmp_path: Path) -> None:
    _, _, after = README.partition("This goes into a configuration:\n\n```\n")
    for name in ("zones", "office", "guests"):
        (tmp_path / name).mkdir()
    path = tmp_path / "minidns.yaml"
    path.write_text(after.partition("```")[0])
    settings, faults = read_config(path)
    assert faults == []
    assert [view.path.name for view in settings.views] == ["office", "guests"]


@pytest.mark.parametrize(
    ("section", "private"), [("Compose", "db."), ("Kubernetes", "db.default.svc.cluster.local.")]
)
def test_configurations_for_containers_resolve_names_of_services(
    tmp_path: Path, section: str, private: str
) -> None:
    """No fault but for what is in the container alone, and private addresses are not taken out."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", text_of(section), re.MULTILINE | re.DOTALL)
    path = tmp_path / "minidns.yaml"
    path.write_text(text)
    settings, faults = read_config(path)
    assert faults == []
    assert find_conflicts(settings) == []
    name = wire_name(private)
    groups = [
        Group(number, wire_name(one.domain), tuple(map(parse_upstream, one.upstreams)))
        for number, one in enumerate(settings.resolver.forward or (), start=1)
    ]
    routes = Routes(groups)
    routes.special = Catalog(special_use_zones())
    assert routes.group_of(name) is not None
    assert any(is_at_or_below(name, wire_name(top)) for top in settings.resolver.private_domains)


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


def test_options_of_health_are_in_their_table_with_their_defaults() -> None:
    command = [sys.executable, "-m", "minidns", "health", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    shown = dict(re.findall(r"^\| `(--\w+)` \| (.*?) \|", text_of("Whether it is well"), re.M))
    assert shown.keys() == {*re.findall(r"^  (--\w+)", done.stdout, re.M)}
    for option, default in shown.items():
        if default.startswith("`"):
            (text,) = re.findall(rf"  {option} .*?\(default: (.*?)\)", done.stdout, re.S)
            assert text == default.strip("`")
