"""The background worker: the index follows edits within a second."""

import logging
import math
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from search.engines.base import IndexLockedError, engine
from search.indexing import follow_changes
from search.own_words import Rest

SECONDS_BETWEEN_LOOKS = 0.3
SECONDS_AFTER_TROUBLE = 5
QUIET_SECONDS = 60
"""Where so long nothing changed, the index is tidied."""

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs until it is told to stop."""

    help = (
        "Keep the search index following the archive's changes, until stopped; where the editors' "
        "own words changed, have a new one built."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Follow changes; trouble (a full disk, a locked database) is logged and outlived."""
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_args: stop.set())
        words = Words()
        pause: float = 0
        tidy_at = time.monotonic() + QUIET_SECONDS
        while not stop.wait(pause):
            close_old_connections()
            try:
                if follow_changes():
                    tidy_at = time.monotonic() + QUIET_SECONDS
                elif time.monotonic() > tidy_at:
                    engine().tidy()
                    tidy_at = math.inf
                words.follow()
                pause = SECONDS_BETWEEN_LOOKS
            except IndexLockedError:
                pause = SECONDS_BETWEEN_LOOKS
            except Exception:  # whatever it is, the archive must not lose its worker
                logger.exception("The index could not follow; trying again.")
                pause = SECONDS_AFTER_TROUBLE
        words.stop()


class Words:
    """Has the index follow the list of own words, by a process of its own: edits do not wait."""

    def __init__(self) -> None:
        self._rest = Rest()
        self._building: subprocess.Popen[bytes] | None = None

    def follow(self) -> None:
        """Begin to build a new index when it is time, and see how it ended."""
        if self._building is None:
            if self._rest.is_over():
                manage = str(settings.BASE_DIR / "manage.py")
                command = [sys.executable, manage, "rebuild_index", "--jobs=1"]
                self._building = subprocess.Popen(command)  # noqa: S603 - nothing of it is typed
        elif self._building.poll() is not None:
            # Where it failed, the words are still others, and it is tried again after a rest.
            self._building, self._rest = None, Rest()

    def stop(self) -> None:
        """End what is being built; the index that serves stays."""
        if self._building:
            self._building.terminate()
            self._building.wait()
