"""What the command line says of the resolver wins over the configuration file."""

import argparse
from pathlib import Path

from minidns.cli.config_options import add_config_options, apply_options
from minidns.config import BlockSettings, ForwardGroup, ResolverSettings, ServeSettings
from minidns.server.config_file import find_conflicts

FILE = ServeSettings(
    resolver=ResolverSettings(
        forward=(ForwardGroup(("1.1.1.1",)), ForwardGroup(("10.0.0.53",), "corp.")),
        block=BlockSettings((Path("old"),), answer="nodata"),
    )
)


def _apply(*words: str) -> ServeSettings:
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-forward", action="store_true")
    add_config_options(parser)
    return apply_options(parser.parse_args(words), FILE)


def test_nothing_said_leaves_the_file() -> None:
    assert _apply() == FILE


def test_the_command_line_wins() -> None:
    settings = _apply("--forward", "9.9.9.9", "--block", "new", "--control", "c.sock")
    forward = (ForwardGroup(("9.9.9.9",)), ForwardGroup(("10.0.0.53",), "corp."))
    assert settings.resolver.forward == forward
    assert settings.resolver.block == BlockSettings((Path("new"),), answer="nodata")
    assert settings.control == Path("c.sock")


def test_no_forward() -> None:
    assert not _apply("--no-forward").resolver.is_on


def test_conflicts() -> None:
    assert find_conflicts(_apply()) == []
    wide = find_conflicts(_apply("--allow", "0.0.0.0/0"))
    assert "open_resolver: true" in wide[0]
    bad = find_conflicts(_apply("--allow", "lan", "--forward", "x.example", "--forward", "::1.2"))
    assert len(bad) == 3
    (loop,) = find_conflicts(_apply("--forward", "127.0.0.1:5053"))
    assert "this server itself" in loop
