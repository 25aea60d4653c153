"""One net for all tests here: they leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.netns.net import Net, made_net


@pytest.fixture(scope="session")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    with made_net(tmp_path_factory.mktemp("netns")) as made:
        yield made
