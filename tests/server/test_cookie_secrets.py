"""The same secrets in every worker, and others in every period."""

from minidns.responder.cookies import ROTATE_AFTER, SECRET
from minidns.server.cookie_secrets import CookieSecrets, make_cookie_secrets

START = 1000.0


def test_two_workers_agree_at_any_time() -> None:
    one, other = (CookieSecrets(b"k" * 32, START) for _ in range(2))
    for now in (START, START + 1, START + 10.5 * ROTATE_AFTER):
        assert one.at(now) == other.at(now)


def test_the_secret_of_a_period_is_the_previous_of_the_next() -> None:
    of_workers = CookieSecrets(b"k" * 32, START)
    pairs = [of_workers.at(START + period * ROTATE_AFTER) for period in range(4)]
    assert [previous for _, previous in pairs[1:]] == [secret for secret, _ in pairs[:-1]]
    secrets = {secret for secret, _ in pairs}
    assert len(secrets) == len(pairs)
    assert {len(secret) for secret in secrets} == {SECRET}


def test_it_holds_to_the_end_of_its_period() -> None:
    of_workers = CookieSecrets(b"k" * 32, START)
    for now in (START, START + 1, START + ROTATE_AFTER - 1, START + 3.25 * ROTATE_AFTER):
        left = of_workers.seconds_left(now)
        assert 0 < left <= ROTATE_AFTER
        assert of_workers.at(now + left - 0.5) == of_workers.at(now)
        assert of_workers.at(now + left) != of_workers.at(now)


def test_another_key_has_other_secrets() -> None:
    first, second = (make_cookie_secrets(START) for _ in range(2))
    assert not {*first.at(START)} & {*second.at(START)}
