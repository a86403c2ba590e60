"""What Whoosh keeps of a document: grams to find it, segments to rank it, columns to decide."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from whoosh.columns import NumericColumn, VarBytesColumn
from whoosh.fields import COLUMN, FieldType, Schema
from whoosh.formats import Existence, Frequency

from search.documents import Document
from search.text import OwnWords, gap_grams, grams, segments, triples

__all__ = [
    "COLUMNS",
    "RANKED_FIELDS",
    "TERM_FIELDS",
    "UNDATED",
    "fields",
    "microseconds",
    "moment",
    "schema",
]

RANKED_FIELDS = ("segments", "title_segments")
TERM_FIELDS = (*RANKED_FIELDS, "grams", "title_grams", "gaps")
COLUMNS = {"id": "ids", "outlet": "outlets", "published": "published"}
"""Fields with a number a document, and their arrays."""
UNDATED = -(2**63)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Terms(FieldType):
    """A field that is given its terms ready-made: no analyser, nothing stored.

    ``index`` gives Whoosh one posting that holds all terms of a document, for our codec.
    """

    analyzer = None
    column_type = None
    indexed = True
    multitoken_query = "and"
    spelling = False
    stored = False
    unique = False
    vector = None

    def __init__(self) -> None:
        """Take no options: all is settled by the class."""

    def separate_spelling(self) -> bool:
        """Whoosh asks; there is no spelling here."""
        return False


class _Grams(_Terms):
    """Which documents have a term, and nothing else."""

    scorable = False
    format = Existence()

    def index(self, value: Collection[str], **_options: Any) -> list[tuple[Any, int, float, None]]:
        """Give Whoosh the terms of a document."""
        return [(value, len(value), 1.0, None)]


class _Segments(_Terms):
    """How often a document has a term."""

    scorable = True
    format = Frequency()

    def index(self, value: Iterable[str], **_options: Any) -> list[tuple[Any, int, float, Any]]:
        """Give Whoosh the terms of a document, and how often each is there."""
        counts = Counter(value)
        return [(counts.keys(), counts.total(), 1.0, counts.values())]


def schema() -> Schema:
    """Return the fields of the index."""
    return Schema(
        grams=_Grams(),
        title_grams=_Grams(),
        gaps=_Grams(),
        title_segments=_Segments(),
        segments=_Segments(),
        id=COLUMN(NumericColumn("q")),
        outlet=COLUMN(NumericColumn("q")),
        published=COLUMN(NumericColumn("q")),
        form=COLUMN(VarBytesColumn()),
        triples=COLUMN(),
    )


def fields(document: Document, own_words: OwnWords) -> dict[str, Any]:
    """Return ``document`` as the fields of an index that is cut by ``own_words``."""
    return {
        "grams": grams(document.form),
        "title_grams": grams(document.title),
        "gaps": gap_grams(document.form),
        "title_segments": segments(document.title, own_words),
        "segments": segments(document.text, own_words),
        "id": document.id,
        "outlet": document.outlet,
        "published": microseconds(document.published_at),
        "form": document.form.encode("utf-8", "surrogatepass"),
        "triples": triples(document.form),
    }


def microseconds(moment: datetime | None) -> int:
    """Return an aware time as microseconds since 1970; None lies before all times."""
    return UNDATED if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def moment(microseconds: int) -> datetime | None:
    """Return the aware time, in UTC, that ``microseconds`` gave; None for UNDATED."""
    if microseconds == UNDATED:
        return None
    return _EPOCH + timedelta(microseconds=microseconds)
