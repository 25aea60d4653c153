"""P16: the ages of what is kept go by a clock that never jumps, whatever the wall clock does."""

import time

import pytest

from minidns.config import ForwardGroup, ResolverSettings
from minidns.resolver.model import Question
from minidns.server.resolving import Resolving
from tests.upstream.fake_upstream import fake_upstream, run

DAY = 86_400.0
CLIENT = b"\x7f\x00\x00\x02"


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_p16_a_jump_of_the_wall_clock_ages_nothing(
    jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.time()
    wall = [began]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    monkeypatch.setattr(time, "time_ns", lambda: int(wall[0] * 1e9))
    monkeypatch.setattr(time, "clock_gettime", lambda _: wall[0])

    async def main() -> None:
        async with fake_upstream() as fake:
            where = ForwardGroup((f"{fake.host}:{fake.port}",))
            resolving = Resolving(ResolverSettings(forward=(where,)))
            group = resolving.groups[0]
            question = Question(b"\x03www\x07example\x00", 1)
            ttls = []
            for moment in (began, began + jump):
                wall[0] = moment
                resolved = await resolving.resolver.resolve(lambda _: group, question, CLIENT)
                ttls += [records.ttl for records in resolved.segment.answer]
            assert len(fake.asked) == 1
            assert ttls[0] == 300
            assert ttls[0] - ttls[1] in (0, 1)
            await resolving.close()

    run(main())
