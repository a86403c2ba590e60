"""Search the archive from the terminal."""

import html
import json
import os
import re
import sys
from argparse import ArgumentParser
from math import ceil
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from articles.forms import BadQuestionError, narrowing
from articles.models import Article
from search.answers import answer_of
from search.engines.base import IndexUnavailableError
from search.finding import Result, Results, find_articles
from search.query import Sort

_control_characters = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Command(BaseCommand):
    """The terminal's door to ``find_articles``."""

    help = "Search the archive, in the language of the search page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command line takes."""
        parser.add_argument("query", metavar="QUERY")
        parser.add_argument(
            "--outlet",
            action="append",
            default=[],
            metavar="SLUG",
            help="only of this outlet; repeat it for several",
        )
        days = "%s this year, month or day, such as 2023, 2023-12 or 2023-12-14"
        parser.add_argument("--after", default="", metavar="DAY", help=days % "from")
        parser.add_argument("--before", default="", metavar="DAY", help=days % "up to")
        parser.add_argument("--sort", choices=list(Sort), default=Sort.RELEVANCE, type=Sort)
        parser.add_argument("--page", type=int, default=1, metavar="N")
        parser.add_argument("--page-size", type=int, default=20, metavar="N")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations
    def handle(self, *_args: Any, **options: Any) -> None:
        """Search and print. Exit status 2 for a bad option, 1 without an index."""
        started = perf_counter()
        # A terminal may hand over bytes that are no text.
        query = options["query"].encode(errors="replace").decode()
        page, page_size = options["page"], options["page_size"]
        if page < 1 or page_size < 1:
            raise CommandError("--page and --page-size must be at least 1.", returncode=2)
        try:
            found = find_articles(
                query,
                **narrowing(
                    outlets=options["outlet"], after=options["after"], before=options["before"]
                ),
                sort=options["sort"],
                page=page,
                page_size=page_size,
            )
        except BadQuestionError as error:
            raise CommandError(f"--{error}", returncode=2) from error
        except IndexUnavailableError as error:
            raise CommandError(f"{error}; run: manage.py rebuild_index") from error
        if options["json"]:
            answer = answer_of(
                found,
                page=page,
                page_size=page_size,
                seconds=perf_counter() - started,
                address_of=Article.get_absolute_url,
            )
            self.stdout.write(
                json.dumps(answer.model_dump(), cls=DjangoJSONEncoder, ensure_ascii=False)
            )
            return
        is_bold = options["force_color"] or (self.stdout.isatty() and not options["no_color"])
        try:
            self._print(found, page=page, page_size=page_size, is_bold=is_bold)
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever reads has seen enough (`| head`); what is left goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _print(self, found: Results, *, page: int, page_size: int, is_bold: bool) -> None:
        parsed = found.understood.parsed
        if parsed.tree is None:
            self.stdout.write("There is no word to search for in it.")
            return
        self.stdout.write(_plain(f"{found.count} found, understood as: {parsed.understood}"))
        if found.count > page_size:
            self.stdout.write(f"page {page} of {ceil(found.count / page_size)}")
        for repair in parsed.repairs:
            self.stdout.write(_plain(f"repaired {repair.kind.replace('-', ' ')}: {repair.piece}"))
        for name in found.understood.unknown_outlets:
            self.stdout.write(_plain(f"no outlet is called {name}"))
        for result in found.results:
            self.stdout.write("\n" + "\n".join(_lines(result, is_bold=is_bold)))


def _lines(result: Result, *, is_bold: bool) -> list[str]:
    article = result.article
    published = article.published_at
    day = f"{timezone.localtime(published):%Y-%m-%d}" if published else "no date"
    return [
        f"{day}  {_plain(article.outlet.name)}  {_text(result.headline, is_bold=is_bold)}",
        f"    {_text(result.snippet, is_bold=is_bold)}",
        f"    {_plain(article.original_url)}",
    ]


def _text(marked: str, *, is_bold: bool) -> str:
    """Return HTML whose only elements are marks as text for a terminal."""
    opening, closing = ("\x1b[1m", "\x1b[0m") if is_bold else "【】"
    parts = [_plain(html.unescape(part)) for part in re.split("</?mark>", marked)]
    parts[1::2] = [f"{opening}{part}{closing}" for part in parts[1::2]]
    return "".join(parts)


def _plain(text: str) -> str:
    """Return ``text`` in one line and without what a terminal would obey."""
    return _control_characters.sub(" ", text)
