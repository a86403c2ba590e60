"""Worker processes, and the one moment at which a signal may stop the work.

What workers are given is unpickled before Django is ready there: this module imports no models.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from multiprocessing.context import BaseContext
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import django
from pebble import ProcessPool

__all__ = ["HeldSignals", "Interruptible", "Task", "Workers", "WorkersLostError"]

Outcome = TypeVar("Outcome")

SECONDS_BETWEEN_LOOKS = 0.1
MOST_RENEWALS = 5
_HELD_BACK = (signal.SIGINT, signal.SIGTERM)


class WorkersLostError(OSError):
    """The worker processes die whatever they are given; the message is for people."""


@dataclass(slots=True)
class Task(Generic[Outcome]):
    """A call that a worker makes; ``submit`` gives it out and ``result`` takes it back."""

    function: Callable[..., Outcome]
    arguments: tuple[Any, ...]
    timeout: float | None
    pool: ProcessPool
    future: Future[Outcome]


class Interruptible:
    """Inside the block Ctrl-C and SIGTERM raise KeyboardInterrupt, at its end at the latest.

    Where it is raised while Python calls a ``__del__``, Python tells of it and drops it.
    """

    def __init__(self) -> None:
        self._came = False
        self._handlers: dict[int, Any] = {}
        self._tell = sys.unraisablehook

    def __enter__(self) -> Self:
        for number in _HELD_BACK:
            self._handlers[number] = signal.signal(number, self._raise)
        self._tell, sys.unraisablehook = sys.unraisablehook, self._tell_of_others
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        sys.unraisablehook = self._tell
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._came and kind is None:
            raise KeyboardInterrupt

    def _tell_of_others(self, dropped: Any) -> None:
        if dropped.exc_type is not KeyboardInterrupt:
            self._tell(dropped)

    def _raise(self, _number: int, _frame: object) -> None:
        self._came = True
        raise KeyboardInterrupt


class HeldSignals:
    """Inside the block Ctrl-C and SIGTERM wait until ``check``, which raises KeyboardInterrupt.

    Python would raise it anywhere: in the middle of a commit, which leaves Django's connection in a
    transaction that never ends, or between taking a lock of the pool and releasing it, which leaves
    the pool waiting for good.
    """

    def __init__(self) -> None:
        self._held: list[int] = []
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _HELD_BACK:
                self._handlers[number] = signal.signal(number, self._hold)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if kind is None:
            for number in self._held:
                signal.raise_signal(number)

    def check(self) -> None:
        """Raise KeyboardInterrupt when a signal was held back."""
        if self._held:
            self._held.clear()
            raise KeyboardInterrupt

    def _hold(self, number: int, _frame: object) -> None:
        self._held.append(number)


class Workers(HeldSignals):
    """``jobs`` processes that make calls; a context manager that ends them.

    Signals are held back as ``HeldSignals`` does; ``result`` looks for them, too.
    """

    def __init__(self, jobs: int) -> None:
        super().__init__()
        self._jobs = jobs
        self._renewals = 0
        self._pool = self._new_pool()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end_pool()
        super().__exit__(kind, error, traceback)

    def submit(
        self,
        function: Callable[..., Outcome],
        *arguments: Any,
        timeout: float | None = None,
    ) -> Task[Outcome]:
        """Have a worker call ``function``, for at most ``timeout`` seconds."""
        pool = self._living_pool()
        future = pool.schedule(function, arguments, timeout=timeout)
        return Task(function, arguments, timeout, pool, future)

    def result(self, task: Task[Outcome]) -> Outcome:
        """Wait for what the call returns or raises.

        Raises TimeoutError when it took too long, pebble.ProcessExpired (an OSError) when it ended
        its process, WorkersLostError, and KeyboardInterrupt when a signal was held back.
        """
        while True:
            if wait([task.future], SECONDS_BETWEEN_LOOKS).done:
                # A process killed between two calls makes pebble give up all calls that wait.
                with suppress(BrokenProcessPool):
                    return task.future.result()
            self.check()
            if not task.pool.active:
                again = self.submit(task.function, *task.arguments, timeout=task.timeout)
                task.pool, task.future = again.pool, again.future

    def _living_pool(self) -> ProcessPool:
        while not self._is_active(self._pool):
            if self._renewals == MOST_RENEWALS:
                raise WorkersLostError("the worker processes are killed or cannot start")
            self._renewals += 1
            self._end_pool()
            self._pool = self._new_pool()
        return self._pool

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(self._jobs, initializer=_start_worker, context=_context())

    @staticmethod
    def _is_active(pool: ProcessPool) -> bool:
        """Tell whether a pool takes calls; a new one starts its processes first.

        Its processes and threads, and the processes that these start, inherit that Ctrl-C is
        blocked: it would end them while they cannot yet ignore it.
        """
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            return pool.active
        except BrokenProcessPool:
            return False
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _end_pool(self) -> None:
        self._pool.stop()
        self._pool.join()


def _context() -> BaseContext:
    """Return how processes start: forked from a server that has all modules, where that is safe.

    A process that starts from nothing takes a second to import them, and most imports of editors
    are of a few files. The server has no connections and no threads of ours, unlike this process.
    It starts with the first worker, in the environment of that moment, and ends with this process.
    """
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["articles.ready"])
    _start_server()
    return context


def _start_server() -> None:
    """Start the server that forks workers, unless it runs, so that it imports what we would.

    Python would have it look for modules in the current folder first, where there may be a folder
    of articles of that name, and would have Ctrl-C end it while it imports.
    """
    # It lets Ctrl-C through when it starts itself.
    resource_tracker.ensure_running()
    environment = dict(os.environ)
    os.environ |= {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for name in ("PYTHONSAFEPATH", "PYTHONPATH"):
            del os.environ[name]
            if name in environment:
                os.environ[name] = environment[name]


def _start_worker() -> None:
    """Ready a new process for this project's modules, and leave Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    django.setup()


def _end_with_parent() -> None:
    """A killed parent leaves its workers waiting for tasks for good."""
    if parent := parent_process():
        parent.join()
    os._exit(1)
