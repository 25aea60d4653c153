"""`python -m minidns`: the same as the command `minidns`."""

import sys

from minidns.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
