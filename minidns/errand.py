"""Work that is under way without a task of the event loop, and what coroutines wait for.

A task costs a handle and a turn of the loop at its start and after each wait, and a place in the
set of all tasks. An errand runs a coroutine at once, as far as it gets, and goes on inside the call
that ends its waiting. An undertaking, which an ordinary cache miss is two of, does without one as
long as it can. What needs a task around it, as asyncio.timeout() does, is to be made a task that
the errand awaits.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class Signal(Generic[T]):
    """One value that one coroutine waits for, of an errand or of a task."""

    __slots__ = (
        "_asyncio_future_blocking",
        "_call",
        "_is_cancelled",
        "_value",
        "is_set",
    )

    def __init__(self) -> None:
        self.is_set = False
        self._value: T | None = None
        self._call: Callable[[], object] | None = None
        self._is_cancelled = False
        self._asyncio_future_blocking = False  # by it a task knows what it may wait for

    def set(self, value: T) -> None:
        """The first value counts. Whoever waits in an errand goes on before this returns."""
        if self.is_set:
            return
        self.is_set = True
        self._value = value
        call, self._call = self._call, None
        if call is not None:
            call()

    def call_when_set(self, call: Callable[[], object] | None) -> None:
        """Instead of whatever was to be called before."""
        self._call = call

    def __await__(self) -> Generator[Any, Any, T]:
        return self  # type: ignore[return-value]  # what is asked of it is an iterator

    def __iter__(self) -> "Signal[T]":
        return self

    def __next__(self) -> "Signal[T]":
        """Waits where there is no value; the value, as a coroutine wants to be told, is raised."""
        if self.is_set:
            raise StopIteration(self.result())
        self._asyncio_future_blocking = True
        return self

    # What a task asks of that which it waits for, as asyncio.Future has it.

    def result(self) -> T:
        """Once it is there. Raises CancelledError where a task that waited was cancelled."""
        if self._is_cancelled:
            raise asyncio.CancelledError
        value: T = self._value  # type: ignore[assignment]  # it is there once `is_set`
        return value

    def add_done_callback(
        self, call: Callable[["Signal[T]"], object], *, context: Context | None = None
    ) -> None:
        """In the next turn of the loop, since a task cannot begin inside another."""
        loop = asyncio.get_running_loop()
        if self.is_set:
            loop.call_soon(call, self, context=context)
        else:
            self._call = lambda: loop.call_soon(call, self, context=context)

    def remove_done_callback(self, _: object) -> int:
        """There is one at most."""
        self._call = None
        return 1

    def done(self) -> bool:
        """Whether nobody has to wait any more."""
        return self.is_set

    def cancelled(self) -> bool:
        """Whether a task that waited was cancelled."""
        return self._is_cancelled

    def exception(self) -> None:
        """There is none: what went wrong is a value."""

    def cancel(self, msg: object = None) -> bool:
        """Nobody waits any more."""
        if self.is_set:
            return False
        self.is_set = self._is_cancelled = True
        call, self._call = self._call, None
        if call is not None:
            call()
        return True

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Any that runs."""
        return asyncio.get_running_loop()


class Work(Generic[T]):
    """What ends once, with a value or with what was raised."""

    __slots__ = ("_end", "error", "is_done", "value")

    def __init__(self) -> None:
        self.is_done = False
        self._end: Callable[[Self], object] | None = None
        self.value: T | None = None  # once it is done, unless there is an error
        self.error: BaseException | None = None

    def then(self, call: Callable[[Self], object]) -> None:
        """Call it with this at the end; at once where that has been."""
        if self.is_done:
            call(self)
        else:
            self._end = call

    @property
    def is_cancelled(self) -> bool:
        """Whether it was given up."""
        return isinstance(self.error, asyncio.CancelledError)

    def result(self) -> T:
        """Once it is done. Raises what went wrong; CancelledError where it was given up."""
        if self.error is not None:
            raise self.error
        result: T = self.value  # type: ignore[assignment]  # it is there once `is_done`
        return result

    def cancel(self) -> None:
        """Nobody waits any more."""
        raise NotImplementedError

    def _finish(self: Self, result: T | None, error: BaseException | None) -> None:
        self.is_done = True
        if error is not None:
            if isinstance(error, asyncio.CancelledError):
                error.__traceback__ = None  # which leads back here, and tells nobody anything
            self.error = error
        self.value = result
        end, self._end = self._end, None
        if end is not None:
            try:
                end(self)
            except Exception as fault:  # whoever ended the waiting has others to tell
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "what follows a query's work failed", "exception": fault}
                )


class Undertaking(Work[T]):
    """Work by plain calls, which may go on by a coroutine and then ends as that does."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        # As Work does: to have it called takes longer than this.
        self.is_done = False
        self._end = None
        self.value = None
        self.error = None
        self._rest: Errand[T] | None = None

    def cancel(self) -> None:
        """Nobody waits any more."""
        if self.is_done:
            return
        if self._rest is not None:
            self._rest.cancel()
            return
        self._give_up()
        self._finish(None, asyncio.CancelledError())

    def _give_up(self) -> None:
        """What is under way, as long as that is no coroutine."""
        raise NotImplementedError

    def _go_on_by(self, rest: Coroutine[Any, Any, T]) -> None:
        self._rest = errand = Errand(rest)
        errand.then(self._end_rest)

    def _end_rest(self, errand: Work[T]) -> None:
        self._rest = None  # no cycle is left for a collector
        try:
            result = errand.result()
        except (Exception, asyncio.CancelledError) as error:
            self._finish(None, error)
        else:
            self._finish(result, None)


class Later(Undertaking[T]):
    """One that has not begun: whoever drops it leaves nothing behind."""

    __slots__ = ()

    def begin(self) -> None:
        """Once; it may be done before this returns."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, Any, T]:
        """Instead of `begin`, for a coroutine."""
        raise NotImplementedError


class Errand(Work[T]):
    """One coroutine on its way. Creating it runs it as far as it gets."""

    __slots__ = ("_coroutine", "_is_to_cancel", "_waited")

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        super().__init__()
        self._coroutine = coroutine
        self._waited: Any = None  # a signal or a future; None while it runs
        self._is_to_cancel = False
        self._go_on()

    def cancel(self) -> None:
        """Raise CancelledError where it waits, before this returns."""
        if self.is_done:
            return
        waited, self._waited = self._waited, None
        if waited is None:
            self._is_to_cancel = True
            return
        if isinstance(waited, Signal):
            waited.call_when_set(None)
            waited.cancel()
        else:
            waited.remove_done_callback(self._wake)
            waited.cancel()
        try:
            waits_for = self._coroutine.throw(asyncio.CancelledError())
        except StopIteration as end:
            self._finish(end.value, None)
        except (Exception, asyncio.CancelledError) as error:
            self._finish(None, error)
        else:
            self._wait(waits_for)

    def _wake(self, done: object) -> None:
        """A future's callbacks may be on their way when it is given up: then it is another's."""
        if done is self._waited:
            self._go_on()

    def _go_on(self) -> None:
        self._waited = None
        try:
            waits_for = self._coroutine.send(None)
        except StopIteration as end:
            self._finish(end.value, None)
        except (Exception, asyncio.CancelledError) as error:
            self._finish(None, error)
        else:
            self._wait(waits_for)

    def _wait(self, waits_for: Any) -> None:
        if isinstance(waits_for, Signal):
            waits_for.call_when_set(self._go_on)
        elif waits_for is None:  # asyncio.sleep(0): a turn of the loop
            loop = asyncio.get_running_loop()
            waits_for = Signal()
            waits_for.call_when_set(self._go_on)
            loop.call_soon(waits_for.set, None)
        else:
            waits_for._asyncio_future_blocking = False
            waits_for.add_done_callback(self._wake)
        self._waited = waits_for
        if self._is_to_cancel:
            self._is_to_cancel = False
            self.cancel()
