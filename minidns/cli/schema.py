"""`minidns schema`: the JSON Schema of the YAML zone format, for editors. Exit code 0."""

import argparse
import json

from minidns.cli import output

_EPILOG = """\
For every editor that runs yaml-language-server (VS Code with the YAML extension, Neovim, Helix):

  minidns schema > zone.schema.json

beside the directory of the zones, and in the first line of each zone file:

  # yaml-language-server: $schema=../zone.schema.json

In VS Code the setting `yaml.schemas: {"./zone.schema.json": "zones/*.yaml"}` does that for all
files, and `yaml.customTags: ["!include scalar"]` makes includes known. `minidns check` finds what
a schema cannot see."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `schema` to the command's parser."""
    parser = subparsers.add_parser(
        "schema",
        help="print a JSON Schema of the zone format, for editors",
        description="Print a JSON Schema (draft 7) of YAML zone files on standard output.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    from minidns.zone.schema import zone_schema

    output.write(json.dumps(zone_schema(), indent=2))
    return 0
