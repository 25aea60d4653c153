"""docs/sockets.md: what it quotes of the lesson is printed, and what it names is there."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import dns.edns
import dns.message
import dns.query
import pytest

from minidns.sockets.linux import IS_LINUX
from tests.server.command import ROOT, environment, run_command, serving

SECONDS = 60
PATH = ROOT / "docs/sockets.md"
TEXT = PATH.read_text()
EXPERIMENTS = range(1, 11)


@cache
def printed(number: int) -> str:
    """What the lesson prints into a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "minidns", "lesson", str(number)],
        env=environment(COLUMNS="80"),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def normal(text: str) -> str:
    """In one line; ports the kernel chose and descriptors are the same everywhere."""
    text = re.sub(r"^( *)(\d+|-)(?= +(?:tcp|udp)6? )", r"\1FD", text, flags=re.MULTILINE)
    text = re.sub(r"(?<=[\d\]]:)[1-9]\d*", "PORT", text)
    text = " ".join(text.split())
    text = re.sub(r"(?<=\w\()\d+(?=[,)])", "FD", text)
    text = re.sub(r"(socket\([\w, |]*\) = |accept4\([^)]*\) = )\d+", r"\1FD", text)
    return re.sub(r"RLIMIT_NOFILE, \{\d+, \d+\}", "RLIMIT_NOFILE, {SOFT, HARD}", text)


def quotes() -> list[tuple[int, str]]:
    """The experiment's number, and the lines below its command."""
    found = re.findall(r"```console\n\$ minidns lesson (\d+)\n(.*?)```", TEXT, re.DOTALL)
    return [(int(number), lines) for number, lines in found]


def sections() -> dict[int, tuple[str, str]]:
    """Title and text of each of the ten."""
    found = re.findall(r"^## (\d+)\. (.*)\n((?:(?!## ).*\n)*)", TEXT, re.MULTILINE)
    return {int(number): (title, text) for number, title, text in found}


def test_ten_sections_and_each_quotes_its_own_experiment() -> None:
    assert list(sections()) == list(EXPERIMENTS)
    for number, (_, text) in sections().items():
        assert {*re.findall(r"\$ minidns lesson (\d+)", text)} == {str(number)}


@pytest.mark.skipif(not IS_LINUX, reason="the text shows what Linux does")
@pytest.mark.parametrize("number", EXPERIMENTS)
def test_what_is_quoted_is_printed(number: int) -> None:
    output = normal(printed(number))
    for _, lines in (quote for quote in quotes() if quote[0] == number):
        at = 0
        for part in re.split(r"^\.\.\.$", lines, flags=re.MULTILINE):
            wanted = normal(part)
            found = output.find(wanted, at)
            assert found >= 0, f"{wanted}\nis not in\n{output[at:]}"
            at = found + len(wanted)


@pytest.mark.skipif(not IS_LINUX, reason="the text shows what Linux does")
@pytest.mark.parametrize("number", EXPERIMENTS)
def test_titles_are_those_of_the_experiments(number: int) -> None:
    assert printed(number).partition("\n")[0] == f"{number}. {sections()[number][0]}"


@pytest.mark.skipif(not IS_LINUX, reason="the text shows what Linux does")
@pytest.mark.parametrize("number", EXPERIMENTS)
def test_files_of_the_experiment_are_named(number: int) -> None:
    """Those that the program says do the same in the server."""
    named = {*re.findall(r"^ +(minidns/[\w/]+\.py): ", printed(number), re.MULTILINE)}
    assert named
    assert named <= {*re.findall(r"`(minidns/[\w/]+\.py)`", sections()[number][1])}


def masked(line: str) -> str:
    """Ports, descriptors, times and ages are others each time."""
    line = re.sub(r"^ *\d+(?= +(?:tcp|udp) )", "FD", line)
    line = re.sub(r"(?<=127\.0\.0\.1:)\d+", "PORT", line)
    line = re.sub(r"(?<= )\d+\.\ds", "AGE", line)
    line = re.sub(r"^[\d:.]{15} |(?<=fd )\d+|\d+(?= us$)", "NUMBER ", line)
    return " ".join(line.split())


def shown(command: str) -> list[str]:
    (lines,) = re.findall(rf"```console\n\$ {command}\n(.*?)```", TEXT, re.DOTALL)
    return [masked(line) for line in lines.splitlines()]


@pytest.mark.skipif(not IS_LINUX, reason="the text shows what Linux does")
def test_a_running_server_shows_what_the_text_shows(tmp_path: Path) -> None:
    control = tmp_path / "control.sock"
    cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, bytes(8))
    as_dig_asks = dns.message.make_query("www.example.com.", "A", use_edns=0, options=[cookie])
    udp, tcp = (dns.message.make_query("www.example.com.", "A", id=id_) for id_ in (4711, 4712))
    with (
        serving(ROOT / "zones", "--no-forward", "--control", str(control)) as server,
        server.connect() as stream,
    ):
        server.ask(as_dig_asks)
        dns.query.send_tcp(stream, tcp)
        dns.query.receive_tcp(stream)
        table = run_command("sockets", "--control", control).stdout.splitlines()
    assert [masked(line) for line in table] == shown("minidns sockets")
    with serving(ROOT / "zones", "--no-forward", "--trace", "--control", str(control)) as server:
        server.ask(udp)
        server.ask(tcp, is_tcp=True)
        lines = server.wait_for("id 4712 ")
    assert [masked(line) for line in lines] == shown("minidns serve --trace")


def test_each_section_has_the_calls_of_three_languages() -> None:
    for number, (_, text) in sections().items():
        assert re.search(r"^\|.* C \| Go \| Python", text, re.MULTILINE), number


def test_files_and_figures_exist() -> None:
    files = {*re.findall(r"`(minidns/[\w/]+\.py)`", TEXT)}
    figures = {*re.findall(r"\]\((figures/\w[\w-]*\.svg)\)", TEXT)}
    assert len(files) > len(EXPERIMENTS)
    for name in files:
        assert (ROOT / name).is_file(), name
    assert figures == {f"figures/{path.name}" for path in (ROOT / "docs/figures").iterdir()}


def test_links_within_the_text_lead_somewhere() -> None:
    headings = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }
    links = {*re.findall(r"\]\(#([^)]*)\)", TEXT)}
    assert links
    assert links <= anchors


def test_figures_are_legible_on_any_ground() -> None:
    """Each brings its own ground, and a title for who does not see it."""
    for path in sorted((ROOT / "docs/figures").glob("*.svg")):
        root = ElementTree.parse(path).getroot()
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        kinds = [child.tag.rpartition("}")[2] for child in root]
        assert kinds[0] == "title", path
        ground = root[kinds.index("rect")]
        assert (float(ground.attrib["width"]), float(ground.attrib["height"])) == (width, height)
        assert ground.attrib["class"] == "ground"
