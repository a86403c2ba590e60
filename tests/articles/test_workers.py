"""Worker processes that are killed, and signals that come while they work."""

import os
import signal
import time
from collections.abc import Callable

import pytest
from pebble import ProcessExpired

from articles.workers import Interruptible, Workers, WorkersLostError


def kill(process_id: int) -> None:
    os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{process_id}/exe"))  # noqa: PTH110


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


def test_a_process_killed_between_two_calls_costs_nothing() -> None:
    with Workers(1) as workers:
        first = workers.result(workers.submit(os.getpid))
        kill(first)
        tasks = [workers.submit(abs, -n) for n in range(200)]
        assert [workers.result(task) for task in tasks] == list(range(200))


def test_a_call_that_kills_its_process_or_takes_too_long_fails_alone() -> None:
    with Workers(1) as workers:
        killing = workers.submit(os._exit, 9)
        slow = workers.submit(time.sleep, 60, timeout=0.5)
        good = workers.submit(abs, -1)
        with pytest.raises(ProcessExpired):
            workers.result(killing)
        with pytest.raises(TimeoutError):
            workers.result(slow)
        assert workers.result(good) == 1


def test_processes_that_never_start_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("articles.workers._start_worker", os.abort)
    with Workers(1) as workers, pytest.raises(WorkersLostError, match="cannot start"):
        workers.result(workers.submit(abs, -1))


def test_a_signal_waits_for_a_check_and_is_not_lost() -> None:
    with Workers(1) as workers:
        task = workers.submit(abs, -1)
        assert workers.result(task) == 1
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            workers.result(workers.submit(time.sleep, 60))
    with pytest.raises(KeyboardInterrupt), Workers(1):
        os.kill(os.getpid(), signal.SIGINT)


class InterruptedInDel:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_drops_comes_at_the_end_of_the_block() -> None:
    done = []

    def drop_it() -> None:
        with Interruptible():
            InterruptedInDel()
            done.append("the rest of the block")

    with pytest.raises(KeyboardInterrupt):
        drop_it()
    assert done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_comes_at_once_and_only_within_the_block(number: signal.Signals) -> None:
    def interrupt() -> None:
        with Interruptible():
            signal.raise_signal(number)
            pytest.fail("it did not come")

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert signal.getsignal(number) is before
    with Interruptible():
        pass
