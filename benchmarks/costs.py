"""What an index costs: building and opening it, its bytes, and memory."""

import multiprocessing
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import corpus
from benchmarks.questions import Question
from search.text import fold, segments

if TYPE_CHECKING:
    from benchmarks.peers import Peer

__all__ = ["print_costs"]

SECONDS_BETWEEN_LOOKS = 0.05


def print_costs(
    peers: "Sequence[Peer]",
    stored: corpus.Stored,
    folder: Path,
    questions: list[Question],
    *,
    is_built: bool,
) -> None:
    """Build the index of each peer, unless it ``is_built``, open it and print what that takes.

    All is measured in processes of their own, which have not seen what this one has.
    """
    rows: dict[str, list[str]] = {}
    for peer in peers:
        arguments = (corpus.data_folder(), folder, type(peer).__name__)
        costs = several = {"seconds": 0.0, "own at most": 0.0, "with mapped": 0.0}
        if not is_built:
            costs = _in_a_process(_builder, *arguments, stored.ids, 1)
        if not is_built and type(peer).__name__ == "Ours":
            several = _in_a_process(_builder, *arguments, stored.ids, os.cpu_count() or 1)
        peer.open()
        bytes_ = sum(path.stat().st_size for path in peer.folder.rglob("*") if path.is_file())
        cost = _in_a_process(_searcher, *arguments, questions)
        cells = {
            "building, articles/s, one process": _or_dash(len(stored), costs["seconds"]),
            "… as rebuild_index does": _or_dash(len(stored), several["seconds"]),
            "building, own memory at most, MB": _or_dash(costs["own at most"], 1e6),
            "… and with what is mapped": _or_dash(costs["with mapped"], 1e6),
            "index, bytes an article": f"{bytes_ / len(stored):.0f}",
            "opening, ms": f"{cost['open'] * 1000:.0f}",
            "the first answer, ms": f"{cost['first'] * 1000:.0f}",
            "searching, own memory, MB": f"{cost['own'] / 1e6:.0f}",
            "… of which since opening": f"{(cost['own'] - cost['before']) / 1e6:.0f}",
            "… with what is mapped": f"{cost['with mapped'] / 1e6:.0f}",
        }
        for label, cell in cells.items():
            rows.setdefault(label, []).append(cell)
    corpus.print_table("What it takes", [peer.name for peer in peers], list(rows.items()))


def _or_dash(much: float, of: float) -> str:
    return f"{much / of:.0f}" if much and of else "–"


def _in_a_process(function: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """Return what ``function`` returns in a new process, and the most memory this held itself.

    It is looked at from here, since a thread there would wait while an engine does not let go.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        [process] = multiprocessing.active_children()
        answer = pool.apply_async(function, arguments)
        own_at_most = 0.0
        while not answer.ready():
            own_at_most = max(own_at_most, _memory("RssAnon", process.pid))
            answer.wait(SECONDS_BETWEEN_LOOKS)
        return {"own at most": own_at_most, **answer.get()}


def _builder(
    data: Path, folder: Path, name: str, ids: Sequence[int], jobs: int
) -> dict[str, float]:
    """Build an index; return seconds, and bytes of memory."""
    corpus.start_django(data)
    from benchmarks import peers

    peer = getattr(peers, name)(folder)
    list(segments(fold("词典与字表先读好")))
    started = time.monotonic()
    if jobs > 1:
        # Pool's processes may have no children, which are what is measured here.
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
        peer.build_in_processes(ids, jobs)
    else:
        peer.build(corpus.Stored(ids))
    return {"seconds": time.monotonic() - started, "with mapped": _memory("VmHWM")}


def _searcher(data: Path, folder: Path, name: str, questions: list[Question]) -> dict[str, float]:
    """Open an index and answer questions; return seconds, and bytes of memory."""
    corpus.start_django(data)
    from benchmarks import peers

    peer = getattr(peers, name)(folder)
    list(segments(fold("词典与字表先读好")))
    before = _memory("RssAnon")
    started = time.monotonic()
    peer.open()
    opened = time.monotonic()
    peer.find(questions[0])
    answered = time.monotonic()
    for question in questions:
        peer.find(question)
    return {
        "open": opened - started,
        "first": answered - opened,
        "before": before,
        "own": _memory("RssAnon"),
        "with mapped": _memory("VmHWM"),
    }


def _memory(name: str, process: int | None = None) -> float:
    """Return so many bytes of memory of a process, or of this one.

    ``RssAnon`` is what it holds itself now, ``VmHWM`` the most it held with mapped files. Not
    ``ru_maxrss``, in which Linux keeps what the parent held when it started this process.
    """
    status = Path(f"/proc/{process or 'self'}/status").read_text()
    found = re.search(rf"{name}:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
