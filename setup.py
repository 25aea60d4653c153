"""The optional build: with MINIDNS_COMPILE=1 mypyc compiles the path of a query to C.

Needs a C compiler and Python's headers. The same files run without it, only slower; all else about
the package stands in pyproject.toml.
"""

import os
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


class BuildOnAllCores(build_ext):
    """setuptools compiles the files of an extension one after the other."""

    def build_extensions(self) -> None:
        compile_files = self.compiler.compile

        def compile_at_once(sources: list[str], **options: Any) -> list[str]:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                compiled = pool.map(lambda source: compile_files([source], **options), sources)
                return [path for paths in compiled for path in paths]

        self.compiler.compile = compile_at_once
        super().build_extensions()


def main() -> None:
    if os.environ.get("MINIDNS_COMPILE") != "1":
        setup()
        return
    try:
        from mypyc.build import mypycify
    except ImportError:  # pip asks first what the build needs (PEP 517)
        setup(setup_requires=["mypy>=1.18"])
        return
    paths = [f"minidns/{module}.py" for module in COMPILED]
    # A file in C for each: all in one take the C compiler twice as long, and serve no faster.
    extensions = mypycify(
        paths, opt_level="3", debug_level="0", multi_file=True, group_name="minidns"
    )
    setup(ext_modules=extensions, cmdclass={"build_ext": BuildOnAllCores})


main()
