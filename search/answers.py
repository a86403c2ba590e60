"""What programs are told: the JSON of a search."""

import hashlib
from collections.abc import Callable

from django.utils.translation import gettext_noop as _
from ninja import Field, Schema
from pydantic import ConfigDict
from pydantic.config import JsonDict

from articles.api import Summary
from articles.models import Article
from search.finding import Results

__all__ = ["Answer", "answer_of", "etag_of"]


EXAMPLE: JsonDict = {
    "count": 1,
    "page": 1,
    "page_size": 20,
    "took_ms": 3.2,
    "understood": "国安法 after:2023-12-01",
    "facets": {
        "outlet": [{"value": "rfi", "label": "法广", "count": 1}],
        "year": [{"value": 2023, "count": 1}],
    },
    "results": [
        {
            "id": 42,
            "title": "立法會通過國安法修訂",
            "url": "http://127.0.0.1:8000/articles/42/",
            "original_url": "https://www.rfi.fr/cn/42",
            "outlet": "rfi",
            "published_at": "2023-12-14T07:56:41Z",
            "snippet": "立法會三讀通過<mark>國安法</mark>修訂。",
        }
    ],
}


class OutletCount(Schema):
    """An outlet and how many articles of it were found."""

    value: str = Field(description=_("the outlet's slug"))
    label: str = Field(description=_("the outlet's name"))
    count: int = Field(description=_("how many articles of it were found"))


class YearCount(Schema):
    """A year and how many articles of it were found."""

    value: int = Field(description=_("the year, in the archive's time zone"))
    count: int = Field(description=_("how many articles of it were found"))


class Facets(Schema):
    """Counts by outlet and by year."""

    outlet: list[OutletCount] = Field(
        description=_("under all filters but the one of outlets, the most first")
    )
    year: list[YearCount] = Field(description=_("under all filters but those of days, in order"))


class FoundArticle(Summary):
    """An article that was found."""

    snippet: str = Field(description=_("HTML; matches are in <mark>, all else is escaped"))


class Answer(Schema):
    """What a search finds."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    count: int = Field(description=_("how many articles were found, exactly"))
    page: int = Field(description=_("the page as it was asked for"))
    page_size: int = Field(description=_("the size of pages as it was asked for"))
    took_ms: float = Field(description=_("how long finding took, in milliseconds"))
    understood: str = Field(description=_("the query as it was understood, in its plainest form"))
    facets: Facets = Field(description=_("counts by outlet and by year"))
    results: list[FoundArticle] = Field(description=_("the articles of the page, in order"))


def answer_of(
    found: Results,
    *,
    page: int,
    page_size: int,
    seconds: float,
    address_of: Callable[[Article], str],
) -> Answer:
    """Return ``found`` as programs are told it; ``address_of`` gives addresses in this archive."""
    return Answer(
        count=found.count,
        page=page,
        page_size=page_size,
        took_ms=round(seconds * 1000, 1),
        understood=found.understood.parsed.understood,
        facets=Facets(
            outlet=[
                OutletCount(value=outlet.slug, label=outlet.name, count=count)
                for outlet, count in found.outlets
            ],
            year=[YearCount(value=year, count=count) for year, count in found.years],
        ),
        results=[
            FoundArticle(
                id=result.article.pk,
                title=result.article.title,
                url=address_of(result.article),
                original_url=result.article.original_url,
                outlet=result.article.outlet.slug,
                published_at=result.article.published_at,
                snippet=result.snippet,
            )
            for result in found.results
        ],
    )


def etag_of(answer: Answer) -> str:
    """Return an entity tag, the same for the same answer however long finding it took.

    It is a weak one: what differs in ``took_ms`` alone is equivalent, but not the same bytes.
    """
    told = answer.model_dump_json(exclude={"took_ms"})
    return f'W/"{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"'
