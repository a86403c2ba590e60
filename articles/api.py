"""Reading the archive, for programs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router, Schema, Status

from articles.forms import BadQuestionError, narrowing
from articles.models import Article, Outlet
from articles.paging import PageError, articles_after, key_of

__all__ = [
    "DAYS",
    "Problem",
    "Summary",
    "answering_head",
    "name_outlets",
    "router",
]

router = Router(tags=["articles"])
View = TypeVar("View", bound=Callable[..., Any])

# As OpenAPI can say it: without leap days, and without the other ways to write a day.
_YEAR = "(19|20)[0-9]{2}"
_DAY_OF_YEAR = (
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8])"
)
DAYS = f"^({_YEAR}(-(0[1-9]|1[0-2]))?|{_YEAR}-({_DAY_OF_YEAR}))?$"


class Problem(Schema):
    """Why there is no answer."""

    message: str = Field(description=_("what is wrong and what to do"))


ANYWHERE = {401: Problem, 429: Problem}
"""What any address may answer: in a private archive, and to those who ask too often."""


def answering_head(
    router: Router, path: str, *, response: dict[int, type[Schema]], **described: Any
) -> Callable[[View], View]:
    """Register a view for GET, as described, and for HEAD, which OpenAPI need not be told.

    ``response`` has the schema of each status; what any address may answer is added.
    """
    response = {**response, **ANYWHERE}

    def register(view: View) -> View:
        router.api_operation(["HEAD"], path, response=response, include_in_schema=False)(view)
        return router.get(path, response=response, **described)(view)

    return register


def name_outlets(schema: dict[str, Any]) -> None:
    """Say which slugs there are; an empty one stands for any outlet, as on the pages."""
    slugs = (outlet.slug for outlet in Outlet.objects.with_articles())
    schema["items"]["enum"] = ["", *sorted(slugs)]


class Summary(Schema):
    """What every answer tells of an article."""

    id: int = Field(description=_("the article's number in this archive"))
    title: str = Field(description=_("the title as it was published"))
    url: str = Field(description=_("the article's address in this archive"))
    original_url: str = Field(description=_("the address it was published at"))
    outlet: str = Field(description=_("the outlet's slug"))
    published_at: datetime | None = Field(description=_("ISO 8601 in UTC; null: not known"))


class Listed(Summary):
    """An article in a list."""

    byline: str = Field(description=_("who wrote it, as it was published; may be empty"))


class CaptureOf(Schema):
    """One distinct content of an article that was imported."""

    sha256: str = Field(description=_("the SHA-256 of the file's bytes"))
    source_path: str = Field(description=_("where the file lay"))
    format: str = Field(description=_("the format it was read as"))
    size: int = Field(description=_("bytes"))
    captured_at: datetime = Field(description=_("when it was imported: ISO 8601 in UTC"))
    is_current: bool = Field(description=_("whether the article shows this capture"))


class Whole(Listed):
    """An article with its text."""

    body_html: str = Field(description=_("the sanitised body"))
    body_text: str = Field(description=_("its text, a block a line"))
    edited_at: datetime | None = Field(description=_("when an editor changed it last, in UTC"))
    captures: list[CaptureOf] = Field(description=_("what was imported, the oldest first"))


class ListAnswer(Schema):
    """A part of the list of articles."""

    results: list[Listed] = Field(description=_("newest first, undated last"))
    next_cursor: str | None = Field(description=_("where the list goes on; null at its end"))


class OutletAnswer(Schema):
    """An outlet."""

    slug: str = Field(description=_("how addresses and queries name it"))
    name: str = Field(description=_("how people name it"))
    url: str = Field(description=_("its address in this archive"))
    count: int = Field(description=_("how many articles of it there are, a minute ago at most"))


class OutletsAnswer(Schema):
    """The outlets."""

    results: list[OutletAnswer] = Field(description=_("those with articles, the most first"))


class ListQuestion(Schema):
    """Which part of the list."""

    outlet: list[str] = Field(
        [],
        description=_("slugs of outlets; repeat it for several"),
        json_schema_extra=name_outlets,
    )
    after: str = Field(
        "",
        description=_("from this year, month or day on: 2023, 2023-12 or 2023-12-14"),
        json_schema_extra={"pattern": DAYS},
    )
    before: str = Field(
        "",
        description=_("up to this year, month or day, included"),
        json_schema_extra={"pattern": DAYS},
    )
    cursor: str = Field(
        "",
        description=_("the next_cursor of the part before; empty: the first"),
        json_schema_extra={"pattern": "^([0-9]{1,18}-[0-9]{1,18})?$"},
    )
    limit: int = Field(50, ge=1, le=100, description=_("how many articles"))


@answering_head(
    router,
    "/articles",
    response={200: ListAnswer, 422: Problem},
    summary=_("List articles"),
    description=_("Newest first. Follow next_cursor to the end to read the whole archive."),
)
def list_articles(
    request: HttpRequest, question: Query[ListQuestion]
) -> ListAnswer | Status[Problem]:
    """Return a part of the list, and where it goes on."""
    try:
        narrowed = narrowing(outlets=question.outlet, after=question.after, before=question.before)
        articles = Article.objects.readable().for_list().narrowed(**narrowed)
        articles = articles_after(articles.newest_first(), question.cursor)
    except BadQuestionError as error:
        return Status(422, Problem(message=str(error)))
    except PageError:
        message = "cursor: That is none; take next_cursor of an answer, as it is."
        return Status(422, Problem(message=message))
    found = list(articles.only(*_LISTED)[: question.limit + 1])
    shown = found[: question.limit]
    return ListAnswer(
        results=[_listed(article, request.build_absolute_uri) for article in shown],
        next_cursor=key_of(shown[-1]) if len(found) > question.limit else None,
    )


_LISTED = (
    "title",
    "original_url",
    "published_at",
    "listed_at",
    "byline",
    "outlet__slug",
)


@answering_head(
    router,
    "/articles/{int:pk}",
    response={200: Whole, 404: Problem},
    summary=_("One article"),
    description=_("An article with its body, its text and its captures."),
)
def one_article(request: HttpRequest, pk: int) -> Whole | Status[Problem]:
    """Return an article that readers may see."""
    article = Article.objects.readable().select_related("outlet").filter(pk=pk).first()
    if article is None:
        return Status(404, Problem(message=f"There is no article {pk}."))
    captures = article.captures.defer("content")
    return Whole(
        **_listed(article, request.build_absolute_uri).dict(),
        body_html=article.body,
        body_text=article.text,
        edited_at=article.edited_at,
        captures=[
            CaptureOf(
                sha256=capture.sha256,
                source_path=capture.source_path,
                format=capture.format,
                size=capture.size,
                captured_at=capture.captured_at,
                is_current=capture.pk == article.current_capture_id,
            )
            for capture in captures
        ],
    )


@answering_head(
    router,
    "/outlets",
    response={200: OutletsAnswer},
    summary=_("List outlets"),
    description=_("All outlets that have articles."),
)
def list_outlets(request: HttpRequest) -> OutletsAnswer:
    """Return the outlets with the number of their articles."""
    return OutletsAnswer(
        results=[
            OutletAnswer(
                slug=outlet.slug,
                name=outlet.name,
                url=request.build_absolute_uri(outlet.get_absolute_url()),
                count=outlet.article_count,
            )
            for outlet in Outlet.objects.with_articles()
        ]
    )


def _listed(article: Article, absolute: Callable[[str], str]) -> Listed:
    return Listed(
        id=article.pk,
        title=article.title,
        url=absolute(article.get_absolute_url()),
        original_url=article.original_url,
        outlet=article.outlet.slug,
        published_at=article.published_at,
        byline=article.byline,
    )
