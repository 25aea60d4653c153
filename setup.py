"""The optional build: with MINIDNS_COMPILE=1 mypyc compiles the path of a query to C.

Needs a C compiler and Python's headers. The same files run without it, only slower; all else about
the package stands in pyproject.toml.
"""

import os

from setuptools import setup

# Zone data stays Python: it is pickled, and tests put other mappings in its place.
COMPILED = (
    "wire/name",
    "wire/edns",
    "wire/query",
    "wire/response",
    "authority/find",
    "authority/additional",
    "authority/solve",
    "responder/answer_cache",
    "responder/body_cache",
    "responder/cookies",
    "responder/ordinary",
    "responder/refusals",
    "responder/reply_opt",
    "responder/responder",
    "responder/via",
)


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
    setup(ext_modules=mypycify(paths, opt_level="3", group_name="minidns"))


main()
