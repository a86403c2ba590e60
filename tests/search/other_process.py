"""Another process that uses an index: ``python other_process.py ACTION FOLDER [WHERE]``.

It prints ``ready`` when it is where it should be, and goes on when its input is closed.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django

django.setup()

from search.documents import Document  # noqa: E402
from search.engines.whoosh import WhooshBackend, _backend, _folder  # noqa: E402
from search.query import Query, Text  # noqa: E402


def wait(*_args: Any, **_options: Any) -> None:
    """Say that the place is reached and stay there."""
    print("ready", flush=True)
    sys.stdin.read()


def hold_lock(folder: Path) -> None:
    """Hold the index's lock."""
    with _folder.IndexFolder(folder).lock(seconds=10):
        wait()


def write(folder: Path, where: str, act: Callable[[WhooshBackend, Any], None]) -> None:
    """Begin to write an index of other documents and stop at ``where``."""

    def load(ids: Sequence[int]) -> Iterator[Document]:
        for number, pk in enumerate(ids):
            if where == "loading" and number == len(ids) // 2:
                wait()
            yield Document(pk, 1, None, "另一个索引", "新的内容")

    syncs = 0

    def wait_after_commit(folder: Path) -> None:
        nonlocal syncs
        syncs += 1
        if syncs == 2:
            wait()

    patches: dict[str, tuple[Any, str, Any]] = {
        "before the commit": (_backend, "sync_files", wait),
        "after the commit": (_backend, "sync_files", wait_after_commit),
        "before the switch": (_folder.IndexFolder, "_switch_to", wait),
    }
    if where in patches:
        setattr(*patches[where])
    elif where == "after the switch":
        vars(_folder)["shutil"] = SimpleNamespace(rmtree=wait)
    act(WhooshBackend("default", PATH=folder), load)


def search(folder: Path) -> None:
    """Search in a loop until the parent says ``stop``; tell what was seen."""
    stop = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=listen, daemon=True).start()
    backend = WhooshBackend("default", PATH=folder)
    query = Query(Text("新闻"))
    searches = 0
    fewest, errors = backend.find(query, 0, None).count, []
    print("ready", flush=True)
    while not stop.is_set():
        # A new engine now and then, as a web server's new threads have.
        if searches % 3 == 0:
            backend = WhooshBackend("default", PATH=folder)
        try:
            fewest = min(fewest, backend.find(query, 0, None).count, backend.count())
        except Exception as error:
            errors.append(repr(error))
        searches += 1
    print(json.dumps({"searches": searches, "fewest": fewest, "errors": errors[:5]}), flush=True)


if __name__ == "__main__":
    action, path = sys.argv[1], Path(sys.argv[2])
    if action == "lock":
        hold_lock(path)
    elif action == "search":
        search(path)
    elif action == "rebuild":
        write(
            path, sys.argv[3], lambda engine, load: engine.rebuild(lambda: list(range(1, 41)), load)
        )
    elif action == "replace":
        write(path, sys.argv[3], lambda engine, load: engine.replace(list(range(1, 41)), load))
