"""The optional build: with MINIDNS_COMPILE=1 mypyc compiles the path of a query to C, with 0 not.

Needs a C compiler and Python's headers. The same files run without it, only slower; all else about
the package stands in pyproject.toml.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from setuptools import setup
from setuptools.command.build_ext import build_ext

# Zone data stays Python: it is pickled, and tests put other mappings in its place.
COMPILED = (
    "errand",
    "wire/name",
    "wire/edns",
    "wire/query",
    "wire/response",
    "wire/reply",
    "wire/plain_reply",
    "wire/upstream_query",
    "authority/find",
    "authority/additional",
    "authority/solve",
    "resolver/accept",
    "resolver/asking",
    "resolver/cache",
    "resolver/cached_answer",
    "resolver/kept_reply",
    "resolver/chain",
    "resolver/deadlines",
    "resolver/eviction",
    "resolver/failures",
    "resolver/fetch",
    "resolver/flights",
    "resolver/forwarder",
    "resolver/loops",
    "resolver/networks",
    "resolver/rebinding",
    "resolver/record_sets",
    "resolver/resolver",
    "resolver/shorter_ttl",
    "resolver/upstream_state",
    "responder/answer_cache",
    "responder/body_cache",
    "responder/cookies",
    "responder/letting_go",
    "responder/ordinary",
    "responder/ordinary_outside",
    "responder/outside",
    "responder/outside_query",
    "responder/public_answers",
    "responder/refusals",
    "responder/reply_opt",
    "responder/responder",
    "responder/room",
    "responder/routes",
    "responder/via",
    "transport/awaited",
    "transport/udp_deferred",
    "transport/udp_mmsg",
    "transport/mmsg_arrays",
    "upstream/arrivals",
    "upstream/datagram",
    "upstream/endpoint",
    "upstream/exchange",
    "upstream/faults",
    "upstream/resting",
    "upstream/wanted",
)


MYPY = "mypy>=1.18"
MAX_COMPILERS = 8  # at once; each takes up to 120 MB


class BuildOnAllCores(build_ext):
    """setuptools compiles the files of an extension one after the other."""

    def build_extensions(self) -> None:
        compile_files = self.compiler.compile

        def compile_at_once(sources: list[str], **options: Any) -> list[str]:
            with ThreadPoolExecutor(min(count_cores(), MAX_COMPILERS)) as pool:
                compiled = pool.map(lambda source: compile_files([source], **options), sources)
                return [path for paths in compiled for path in paths]

        self.compiler.compile = compile_at_once
        super().build_extensions()


def count_cores() -> int:
    """Those that this process may have."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main() -> None:
    wanted = os.environ.get("MINIDNS_COMPILE", "")
    if wanted in ("", "0"):
        setup()
        return
    if wanted != "1":
        raise SystemExit(f"MINIDNS_COMPILE is 1 (compile) or 0 (do not), not '{wanted}'")
    try:
        from mypyc.build import mypycify
    except ImportError:
        if "egg_info" not in sys.argv:
            raise SystemExit(
                f"MINIDNS_COMPILE=1 needs {MYPY}, which is not installed: "
                f"pip install '{MYPY}', or leave out --no-build-isolation"
            ) from None
        setup(setup_requires=[MYPY])  # pip asks first what the build needs (PEP 517)
        return
    paths = [f"minidns/{module}.py" for module in COMPILED]
    # A file in C for each: all in one take the C compiler twice as long, and serve no faster.
    extensions = mypycify(
        paths, opt_level="3", debug_level="0", multi_file=True, group_name="minidns"
    )
    setup(ext_modules=extensions, cmdclass={"build_ext": BuildOnAllCores})


main()
