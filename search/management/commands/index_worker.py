"""The background worker: the index follows edits within a second."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from search.engines.base import IndexLockedError
from search.indexing import follow_changes, rebuild
from search.own_words import Rest

SECONDS_BETWEEN_LOOKS = 0.3
SECONDS_AFTER_TROUBLE = 5

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs until it is told to stop."""

    help = "Keep the search index following the archive's changes, until stopped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Follow changes; trouble (a full disk, a locked database) is logged and outlived."""
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_args: stop.set())
        words = Rest()
        pause: float = 0
        while not stop.wait(pause):
            close_old_connections()
            try:
                follow_changes()
                if words.is_over():
                    rebuild()
                pause = SECONDS_BETWEEN_LOOKS
            except IndexLockedError:
                pause = SECONDS_BETWEEN_LOOKS
            except Exception:  # whatever it is, the archive must not lose its worker
                logger.exception("The index could not follow; trying again.")
                pause = SECONDS_AFTER_TROUBLE
