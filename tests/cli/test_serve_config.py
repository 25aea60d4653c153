"""`minidns serve --config`, `--hosts` and `--block`, and their checks: real processes."""

import argparse
from pathlib import Path

import dns.edns
import dns.message
import dns.rcode
import pytest

from minidns.cli.main import main
from minidns.cli.serve_options import add_options, settings_of
from minidns.config import ForwardGroup, ResolverSettings, ServeSettings
from minidns.server.config_file import read_config
from tests.server.command import COM, NET, run_command, serving, write_zones


def _merge(tmp_path: Path, text: str, *words: str) -> ServeSettings:
    path = tmp_path / "minidns.yaml"
    path.write_text(text)
    settings, faults = read_config(path)
    assert faults == []
    parser = argparse.ArgumentParser()
    add_options(parser)
    return settings_of(parser.parse_args(words), settings)


def test_all_of_it_in_one_process(tmp_path: Path) -> None:
    """Answers from upstream, hosts file and block list; a flag wins over the file."""
    far, near = write_zones(tmp_path / "far", net=NET), write_zones(tmp_path / "near", com=COM)
    (tmp_path / "hosts").write_text("192.168.1.10 nas.lan\nbad line\n")
    (tmp_path / "block").write_text("tracker.example\n")
    config = tmp_path / "minidns.yaml"
    with serving(far, "--no-forward") as upstream:
        host, port = upstream.addresses[0]
        config.write_text(
            f"zones: none\nforward:\n- {{domain: example.net, upstreams: '{host}:{port}'}}\n"
            f"- '{host}:{port}'\nhosts: hosts\nblock: block\n"
        )
        with serving(near, "--config", str(config), "--workers", "2") as server:
            assert server.said[0].startswith(f"{tmp_path}/hosts:2:1: warning: bad-line: 'bad'")
            asked = f"other names from {host}:{port}, {host}:{port} (example.net.) on "
            assert asked in server.ready
            for name, rtype, expected in (
                ("mail.example.net.", "AAAA", "2001:db8::25"),
                ("nas.lan.", "A", "192.168.1.10"),
                ("ns.example.com.", "A", "192.0.2.1"),
            ):
                reply = server.ask(dns.message.make_query(name, rtype))
                assert reply.answer[0][0].to_text() == expected
            blocked = server.ask(dns.message.make_query("a.tracker.example.", "A", use_edns=0))
            assert blocked.rcode() == dns.rcode.NXDOMAIN
            (error,) = (one for one in blocked.options if isinstance(one, dns.edns.EDEOption))
            assert error.code == dns.edns.EDECode.BLOCKED
            assert server.end()[0] == 0


def test_a_contradiction_ends_the_start_unless_an_option_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, block = tmp_path / "minidns.yaml", tmp_path / "block"
    config.write_text("block: {answer: nodata}\nzones: none\n")
    block.write_text("ads.example\n")
    for options, said in (
        ([], "minidns.yaml:1:8: contradiction: block: nothing is blocked without a list"),
        (["--block", str(block), "--no-forward"], "minidns: not started: --block is about names"),
    ):
        assert main(["serve", "--config", str(config), *options]) == 2
        assert said in capsys.readouterr().err


def test_a_hosts_file_is_followed_without_forwarding(tmp_path: Path) -> None:
    zones, hosts = write_zones(tmp_path / "zones", com=COM), tmp_path / "hosts"
    hosts.write_text("192.168.1.10 nas.lan\n")
    with serving(zones, "--no-forward", "--hosts", str(hosts)) as server:
        assert server.ask(dns.message.make_query("nas.lan.", "A")).answer
        other = server.ask(dns.message.make_query("other.lan.", "A"))
        assert other.rcode() == dns.rcode.REFUSED
        hosts.write_text("192.168.1.10 other.lan\n")
        server.wait_for("are read again: 2 names")
        assert server.ask(dns.message.make_query("other.lan.", "A")).answer
        assert server.end()[0] == 0


def test_every_fault_of_a_bad_file_and_no_start(tmp_path: Path) -> None:
    path = tmp_path / "minidns.yaml"
    path.write_text("lisen: ':53'\nworkers: many\n")
    result = run_command("serve", "--config", path)
    assert result.returncode == 2
    first, second, last = result.stderr.splitlines()
    assert first.startswith(f"{path}:1:1: unknown-setting: ")
    assert second.startswith(f"{path}:2:10: bad-setting: ")
    assert last == "minidns: not started: the configuration has errors (2)"


@pytest.mark.parametrize("option", ["--hosts", "--block"])
def test_no_start_without_a_list_that_is_named(tmp_path: Path, option: str) -> None:
    result = run_command("serve", "--forward", "192.0.2.1", option, tmp_path / "none")
    assert result.returncode == 2
    assert f"{tmp_path}/none:1:1: no-such-path: " in result.stderr


def test_flags_win(tmp_path: Path) -> None:
    text = "zones: a\nlisten: ':53'\nworkers: 2\nnsid: x\nrotate: true\nallow: 10.0.0.0/8\n"
    settings = _merge(tmp_path, text)
    assert settings.zones == (tmp_path / "a",)
    assert (settings.listen, settings.workers, settings.nsid) == ((":53",), 2, "x")
    assert settings.rotate
    words = ("--zones", "b", "--listen", "::1", "--workers", "1", "--nsid", "", "--allow", "::1")
    settings = _merge(tmp_path, text, *words)
    assert settings.zones == (Path("b"),)
    assert (settings.listen, settings.workers, settings.nsid) == (("::1",), 1, "")
    assert settings.resolver.allow == ("::1",)
    assert settings.rotate


def test_upstreams_of_flags_leave_groups_for_domains(tmp_path: Path) -> None:
    text = "forward: [9.9.9.9, {domain: lan, upstreams: []}]"
    merged = _merge(tmp_path, text, "--forward", "192.0.2.1").resolver
    assert merged.forward == (ForwardGroup(("192.0.2.1",)), ForwardGroup((), "lan."))
    alone = _merge(tmp_path, text, "--no-forward").resolver
    assert (alone.is_on, alone.forward) == (False, ())


def test_no_word_about_forwarding_means_the_resolvers_of_the_system(tmp_path: Path) -> None:
    assert _merge(tmp_path, "strict: true").resolver == ResolverSettings()
    assert not _merge(tmp_path, "forward: []").resolver.is_on


def test_block_alone_says_what_is_missing(tmp_path: Path) -> None:
    result = run_command("serve", "--no-forward", "--block", tmp_path / "none")
    assert result.returncode == 2
    assert "--block is about names that are forwarded" in result.stderr


def test_check_of_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_zones(tmp_path / "zones", com=COM)
    config = tmp_path / "minidns.yaml"
    (tmp_path / "block").write_text("good.example\n||bad^\n")
    config.write_text("zones: zones\nblock: block\n")
    assert main(["check", "--config", str(config)]) == 0
    captured = capsys.readouterr()
    assert f"{tmp_path}/block:2:1: warning: bad-line: " in captured.out
    assert "zones: 1, refused: 0, errors: 0" in captured.err
    config.write_text("zones: zones\nblocks: block\n")
    assert main(["check", "--config", str(config)]) == 1
    assert f"{config}:2:1: unknown-setting: " in capsys.readouterr().out
