"""What a worker process does first. Imports no models, since they need what is done here."""

import os
import signal
import threading
import time

import django

__all__ = ["start_worker"]


def start_worker() -> None:
    """Ready a spawned process for this project's modules, and leave Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()
    django.setup()


def _end_with_parent(parent: int) -> None:
    """A killed parent leaves its workers waiting for tasks for good."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
