"""The command with other limits than a user can give it: `python -m tests.server.with_limits JSON`.

What follows the JSON object are the arguments of `minidns`.
"""

import json
import sys
from dataclasses import replace
from functools import partial
from typing import Any

from minidns.cli.main import run
from minidns.config import Limits, ServeSettings
from minidns.server import run as run_module

LIMITS = Limits(**json.loads(sys.argv.pop(1)))


def serve(settings: ServeSettings, *arguments: Any, run: Any = run_module.serve) -> None:
    run(replace(settings, limits=LIMITS), *arguments)


run_module.serve = partial(serve)
sys.exit(run())
