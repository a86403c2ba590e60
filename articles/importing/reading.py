"""Reading a capture again: what its file tells, also where an import could not take it."""

from dataclasses import dataclass

from articles.importing._outlets import OutletFinder
from articles.importing.decoding import decode
from articles.importing.formats import read
from articles.importing.parsed import ParsedArticle, UnusableFileError
from articles.models import Capture, Outlet
from articles.problems import ProblemKind

__all__ = ["Reading", "known_outlet", "outlet_of", "raw_text", "read_again"]

HARMFUL = (ProblemKind.TIMEOUT, ProblemKind.CRASH)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a capture's file tells.

    ``text`` is the whole file, decoded, or empty; ``parsed`` what a format found in it, any part of
    which may be missing, or None where no format finds anything.
    """

    text: str
    parsed: ParsedArticle | None


def read_again(capture: Capture) -> Reading:
    """Decode and parse a capture. Raises nothing that a file can cause.

    A file that hung or ended the process that read it is only decoded: this process shall live.
    """
    text = raw_text(capture)
    if not text or capture.problems.filter(kind__in=HARMFUL).exists():
        return Reading(text, None)
    return Reading(text, read(text))


def raw_text(capture: Capture) -> str:
    """Return the text of a capture's file, empty where it has none."""
    try:
        return decode(capture.raw)
    except UnusableFileError:
        return ""


def known_outlet(capture: Capture, url: str) -> Outlet | None:
    """Return the outlet that an import would have found for the file; None for an unknown host."""
    return _finder(capture).known(folder=_folder(capture), url=url)


def outlet_of(capture: Capture, url: str) -> Outlet:
    """Return the outlet of the file with the canonical address ``url``; it is made where needed."""
    return _finder(capture).find(folder=_folder(capture), url=url)


def _finder(capture: Capture) -> OutletFinder:
    return OutletFinder(capture.run.outlet if capture.run else None)


def _folder(capture: Capture) -> str:
    """Return the name of the folder in which the file lay, as ``sources`` tells it."""
    return capture.source_path.rpartition("!")[2].rpartition("/")[0].rpartition("/")[2]
