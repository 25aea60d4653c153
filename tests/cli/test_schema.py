"""`minidns schema`: a JSON Schema on standard output, for editors."""

import json
import subprocess
import sys

import jsonschema
import pytest

from minidns.cli.main import main


def test_it_prints_a_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed, said = capsys.readouterr()
    assert said == ""
    schema = json.loads(printed)
    jsonschema.Draft7Validator.check_schema(schema)
    check = jsonschema.Draft7Validator(schema)
    assert check.is_valid({"www": {"type": "A", "ttl": 300, "value": "192.0.2.1"}})
    assert not check.is_valid({"www": {"type": "A", "ttl": -1, "value": "192.0.2.1"}})


def test_the_output_is_ascii() -> None:
    """It survives any encoding that an editor or a shell may have."""
    command = [sys.executable, "-m", "minidns", "schema"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    assert done.stdout.isascii()
    assert done.stderr == b""


def test_help_says_how_editors_find_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["schema", "--help"])
    assert caught.value.code == 0
    assert "# yaml-language-server: $schema=../zone.schema.json" in capsys.readouterr().out


def test_no_arguments_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["schema", "zones"])
    assert caught.value.code == 2
    assert "unrecognized arguments: zones" in capsys.readouterr().err
