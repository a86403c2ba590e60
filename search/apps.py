"""The finding half of newsarchive."""

import sys
from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    """Has the index follow every import."""

    name = "search"
    verbose_name = _("search")

    def ready(self) -> None:
        from articles.signals import articles_imported

        articles_imported.connect(_follow, dispatch_uid="search")


def _follow(*, jobs: int, quiet: bool, **_kwargs: Any) -> None:
    """Index what an import brought; where that fails, it stays noted and is done later."""
    from search.engines.base import IndexLockedError
    from search.indexing import follow_changes

    if not quiet:
        sys.stderr.write("Indexing …\n")
    try:
        follow_changes(jobs=jobs)
    except IndexLockedError:
        sys.stderr.write("Another process is indexing; the imported articles are found soon.\n")
    except OSError as error:
        sys.stderr.write(
            f"The articles are stored, but the search index could not follow: {error}. Make room, "
            "then run: manage.py update_index\n"
        )
