"""Which form of the responder is tested: its Python, or what mypyc made of it (setup.py)."""

import pytest

from minidns.responder import responder

NOT_COMPILED = pytest.mark.skipif(
    not str(responder.__file__).endswith(".py"),
    reason="compiled code calls functions and dicts past their names",
)
