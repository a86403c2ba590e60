"""A task worker: does imports and jobs that were asked for in the admin."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from articles.tasks import continue_abandoned
from articles.uploads import forget_old_uploads


class Command(BaseCommand):
    """Continues what a killed worker left, then waits for tasks until it is told to stop."""

    help = "Do imports and jobs in the background, until stopped. Several may run at once."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Continue what was left, then hand over to the task queue's own worker."""
        continue_abandoned()
        forget_old_uploads()
        call_command("db_worker", interval=0.5, reload=False, verbosity=0, startup_delay=False)
