"""Searching, for programs."""

from time import perf_counter

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router, Schema, Status

from articles.api import DAYS, Problem, answering_head, name_outlets
from articles.forms import BadQuestionError, narrowing
from search.answers import Answer, answer_of, etag_of
from search.engines.base import IndexUnavailableError
from search.finding import find_articles
from search.language import LONGEST_QUERY
from search.query import Sort

__all__ = ["router"]

LAST_PAGE = 1_000_000

router = Router(tags=["search"])


class Question(Schema):
    """What can be asked."""

    q: str = Field(
        description=_("the query, in the language of the search page"),
        min_length=1,
        max_length=LONGEST_QUERY,
        examples=["国安法"],
        json_schema_extra={"pattern": r"\S"},
    )
    outlet: list[str] = Field(
        [],
        description=_("slugs of outlets; repeat it for several"),
        json_schema_extra=name_outlets,
    )
    after: str = Field(
        "",
        description=_("from this year, month or day on: 2023, 2023-12 or 2023-12-14"),
        examples=["2023-12"],
        json_schema_extra={"pattern": DAYS},
    )
    before: str = Field(
        "",
        description=_("up to this year, month or day, included"),
        json_schema_extra={"pattern": DAYS},
    )
    sort: Sort = Field(Sort.RELEVANCE, description=_("the order of the results"))
    page: int = Field(1, ge=1, le=LAST_PAGE, description=_("pages count from 1"))
    page_size: int = Field(20, ge=1, le=100, description=_("articles on a page"))


@answering_head(
    router,
    "/search",
    response={200: Answer, 422: Problem, 503: Problem},
    summary=_("Search the archive"),
    description=_("A page of the articles that contain what is asked for, and counts of all."),
)
def search(
    request: HttpRequest, response: HttpResponse, question: Query[Question]
) -> Answer | Status[Problem]:
    """Find the articles that contain what is asked for."""
    started = perf_counter()
    try:
        if not question.q.strip():
            raise BadQuestionError("q: There is nothing in it to search for.")
        found = find_articles(
            question.q,
            **narrowing(outlets=question.outlet, after=question.after, before=question.before),
            sort=question.sort,
            page=question.page,
            page_size=question.page_size,
        )
    except BadQuestionError as error:
        return Status(422, Problem(message=str(error)))
    except IndexUnavailableError as error:
        return Status(503, Problem(message=f"{error}; it has to be built again"))
    answer = answer_of(
        found,
        page=question.page,
        page_size=question.page_size,
        seconds=perf_counter() - started,
        address_of=lambda article: request.build_absolute_uri(article.get_absolute_url()),
    )
    response.headers["ETag"] = etag_of(answer)
    return answer
