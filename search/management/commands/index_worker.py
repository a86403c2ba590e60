"""The background worker: the index follows edits within a second."""

import logging
import math
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from search.engines.base import IndexLockedError, engine
from search.indexing import follow_changes

SECONDS_BETWEEN_LOOKS = 0.3
SECONDS_AFTER_TROUBLE = 5
QUIET_SECONDS = 60
"""Where so long nothing changed, the index is tidied."""

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs until it is told to stop."""

    help = "Keep the search index following the archive's changes, until stopped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Follow changes; trouble (a full disk, a locked database) is logged and outlived."""
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_args: stop.set())
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
                pause = SECONDS_BETWEEN_LOOKS
            except IndexLockedError:
                pause = SECONDS_BETWEEN_LOOKS
            except Exception:  # whatever it is, the archive must not lose its worker
                logger.exception("The index could not follow; trying again.")
                pause = SECONDS_AFTER_TROUBLE
