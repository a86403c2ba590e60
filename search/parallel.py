"""Work spread over processes."""

from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from typing import TypeVar

from pebble import ProcessPool

from articles.workers import start_worker

__all__ = ["in_processes"]

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def in_processes(
    function: Callable[[Task], Outcome], tasks: Iterable[Task], *, jobs: int
) -> Iterator[Outcome]:
    """Yield ``function`` of each task, in order, computed by ``jobs`` processes (1: by this one).

    An exception of ``function`` is raised here; a killed worker raises an OSError. Whatever ends
    the work early ends the processes.
    """
    if jobs == 1:
        yield from map(function, tasks)
        return
    pool = ProcessPool(max_workers=jobs, initializer=start_worker, context=get_context("spawn"))
    try:
        yield from pool.map(function, tasks).result()
    finally:
        pool.stop()
        pool.join()
