"""How far background work is, how fast it goes, how long it will take."""

from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles.models import Work

__all__ = ["Progress", "as_json", "progress_of"]

SECONDS_BEFORE_A_RATE = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """``percent`` of the whole, ``rate`` a second, ``seconds_left``; None where nobody can tell."""

    done: int
    total: int | None
    percent: float | None = None
    rate: float | None = None
    seconds_left: float | None = None

    @property
    def texts(self) -> dict[str, str]:
        """What people read: ``done``, ``rate`` and ``left``, empty where nobody can tell."""
        counted = number_format(self.done, force_grouping=True)
        if self.total is not None:
            counted = f"{counted} / {number_format(self.total, force_grouping=True)}"
        return {"done": counted, "rate": _rate(self.rate), "left": _left(self.seconds_left)}


def progress_of(
    *, done: int, total: int | None, seconds: float = 0, done_before: int = 0
) -> Progress:
    """Return how far work is that was begun, or taken up again, ``seconds`` ago.

    ``done_before`` is what had been done by then. No rate is told of the first second.
    """
    percent = None if total is None else 100.0 if not total else min(100.0, 100 * done / total)
    if seconds < SECONDS_BEFORE_A_RATE or done <= done_before:
        return Progress(done, total, percent)
    rate = (done - done_before) / seconds
    left = None if total is None else max(0, total - done) / rate
    return Progress(done, total, percent, rate, left)


def as_json(work: Work, progress: Progress, **more_texts: str) -> dict[str, Any]:
    """Return what ``static/desk/progress.js`` asks for: it shows ``texts`` where they belong."""
    texts = {"status": work.get_status_display(), **progress.texts, **more_texts}
    return {"is_unfinished": work.is_unfinished, "percent": progress.percent, "texts": texts}


def _rate(rate: float | None) -> str:
    if rate is None:
        return ""
    shown = number_format(rate, decimal_pos=0 if rate >= 10 else 1, force_grouping=True)
    return _("%(number)s a second") % {"number": shown}


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        count = max(1, round(seconds))
        return ngettext("about %(count)d second left", "about %(count)d seconds left", count) % {
            "count": count
        }
    if seconds < 5400:
        count = round(seconds / 60)
        return ngettext("about %(count)d minute left", "about %(count)d minutes left", count) % {
            "count": count
        }
    count = round(seconds / 3600)
    return ngettext("about %(count)d hour left", "about %(count)d hours left", count) % {
        "count": count
    }
