"""What the connections of one TCP server share: who answers, what limits them, what they count."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from minidns.responder.via import Via
from minidns.transport import Respond
from minidns.transport.counters import TcpCounters
from minidns.transport.tcp_limits import C, ConnectionTable, TcpLimits
from minidns.transport.tcp_turns import Turns
from minidns.transport.watch import Watch


@dataclass(slots=True)
class TcpService(Generic[C]):
    """What the connections of one server share."""

    respond: Respond
    via: Via
    limits: TcpLimits
    clock: Callable[[], float]
    table: ConnectionTable[C]
    watch: Watch
    counters: TcpCounters = field(default_factory=TcpCounters)
    turns: Turns = field(default_factory=Turns)
    is_draining: bool = False
    emptied: asyncio.Event = field(default_factory=asyncio.Event)  # set when none is left

    def forget(self, connection: C) -> None:
        """It is closed."""
        self.table.remove(connection)
        if not len(self.table):
            self.emptied.set()
