"""The site served as ``make run`` serves it, for benchmarks that ask over HTTP."""

import os
import platform
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import ROOT

__all__ = ["Server", "machine", "served"]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address, and the id of its first process."""

    address: str
    pid: int

    def megabytes(self) -> float:
        """Return the memory of all its processes; what they share is counted once."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        rollups = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in [self.pid, *children])
        return sum(int(re.findall(r"^Pss:\s+(\d+) kB", text, re.M)[0]) for text in rollups) / 1000


@contextmanager
def served(application: str) -> Iterator[Server]:
    """Serve the WSGI ``application`` as the Procfile does, on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["gunicorn", "--config", "python:newsarchive.serving", application]
    environment = os.environ | {"PORT": str(port), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment, cwd=ROOT)
    try:
        for _attempt in range(300):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait()


def machine() -> str:
    """Return a line about what this runs on."""
    from django import get_version

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return (
        f"{os.cpu_count()} cores ({cpu[1] if cpu else platform.machine()}), {memory:.0f} GB; "
        f"Python {platform.python_version()}, Django {get_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )
