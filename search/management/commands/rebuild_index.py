"""Build the search index anew; replaces haystack's command, which deletes the live index first."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines.base import IndexLockedError
from search.indexing import rebuild


class Command(BaseCommand):
    """The terminal's door to ``rebuild``."""

    help = "Build the search index anew beside the one that serves, then switch over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command line takes."""
        parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")

    def handle(self, *_args: Any, jobs: int, **_options: Any) -> None:
        """Rebuild and report."""
        try:
            articles = rebuild(jobs=jobs)
        except IndexLockedError as error:
            raise CommandError("Another process is writing the index; try again later.") from error
        except OSError as error:
            raise CommandError(f"The index could not be written: {error}.") from error
        self.stdout.write(f"indexed {articles}")
