"""Python's collector of cycles, out of the way while zones are loaded."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No collection inside; afterwards it is as it was before.

    Loading makes millions of objects that are no cycles, and to walk through them again and again
    takes 30 % of its time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
