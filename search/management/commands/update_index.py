"""Bring noted changes into the search index; replaces haystack's command of that name."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines.base import IndexLockedError, engine
from search.indexing import follow_changes, rebuild
from search.own_words import are_in_index


class Command(BaseCommand):
    """The terminal's door to ``follow_changes``; other own words need an index built anew."""

    help = "Bring every change since the last time into the search index."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command line takes."""
        parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")

    def handle(self, *_args: Any, jobs: int, **_options: Any) -> None:
        """Follow and report."""
        try:
            articles = follow_changes(jobs=jobs) if are_in_index() else rebuild(jobs=jobs)
            engine().tidy()
        except IndexLockedError as error:
            raise CommandError("Another process is writing the index; try again later.") from error
        except OSError as error:
            raise CommandError(f"The index could not be written: {error}.") from error
        self.stdout.write(f"indexed {articles}")
