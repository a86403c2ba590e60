"""Work spread over processes."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from articles.workers import Workers

__all__ = ["in_processes"]

Argument = TypeVar("Argument")
Outcome = TypeVar("Outcome")


def in_processes(
    function: Callable[[Argument], Outcome], arguments: Iterable[Argument], *, jobs: int
) -> Iterator[Outcome]:
    """Yield ``function`` of each argument, in order, computed by ``jobs`` processes (1: this one).

    An exception of ``function`` is raised here; a killed worker raises an OSError. Whatever ends
    the work early ends the processes.
    """
    if jobs == 1:
        yield from map(function, arguments)
        return
    with Workers(jobs) as workers:
        tasks = [workers.submit(function, argument) for argument in arguments]
        yield from map(workers.result, tasks)
