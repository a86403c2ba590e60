"""The exchange format: an article with all its captures in a line of JSON.

Made for moving articles between archives without any loss but that of versions. Times are ISO 8601,
``content`` is the captured file in Base64. docs/formats.md tells it to people.
"""

import base64
from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
)

from articles.models import Article
from articles.moments import FIRST_YEAR, LAST_YEAR, has_page

__all__ = ["LINE_START", "ExchangedAlias", "ExchangedArticle", "ExchangedCapture", "as_line"]

LINE_START = b'{"newsarchive":1,'
"""How every line begins; by this a file is known, whatever its name."""


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it contains NUL")
    return text


def _on_a_page(moment: datetime) -> datetime:
    if not has_page(moment):
        raise ValueError(f"it is not between {FIRST_YEAR} and {LAST_YEAR}")
    return moment


def _decoded(value: object) -> object:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


Moment = Annotated[AwareDatetime, AfterValidator(_on_a_page)]
Text = Annotated[str, AfterValidator(_without_nul)]
Base64 = Annotated[
    bytes,
    BeforeValidator(_decoded),
    PlainSerializer(lambda raw: base64.b64encode(raw).decode("ascii")),
]


class ExchangedAlias(BaseModel):
    """A folder or a host of an outlet."""

    kind: Literal["folder", "host"]
    value: Annotated[Text, Field(min_length=1, max_length=255)]


class ExchangedOutlet(BaseModel):
    """An outlet, as much as an archive needs that does not have it yet."""

    slug: Annotated[str, Field(pattern=r"^[-a-zA-Z0-9_]{1,100}$")]
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    title_suffixes: list[Text] = []
    aliases: list[ExchangedAlias] = []


class ExchangedCapture(BaseModel):
    """A captured file."""

    sha256: str
    source_path: Text
    format: Annotated[Text, Field(max_length=20)]
    captured_at: Moment
    is_current: bool = False
    content: Base64


class ExchangedArticle(BaseModel):
    """A line."""

    newsarchive: Literal[1] = 1
    id: int
    title: Text
    url: Text
    original_url: Text
    outlet: ExchangedOutlet
    published_at: Moment | None = None
    byline: Annotated[Text, Field(max_length=300)] = ""
    body: Text = ""
    text: Text = ""
    hidden: bool = False
    edited_at: Moment | None = None
    created_at: Moment | None = None
    cleaner_version: Annotated[int, Field(ge=0, le=32_767)] = 0
    has_newer_capture: bool = False
    captures: list[ExchangedCapture] = []


def as_line(article: Article) -> bytes:
    """Return ``article`` as a line, line break included.

    Its outlet, the outlet's aliases and its captures are best loaded beforehand.
    """
    outlet = article.outlet
    line = ExchangedArticle(
        **{
            name: getattr(article, name)
            for name in ExchangedArticle.model_fields
            if name not in ("newsarchive", "outlet", "captures")
        },
        outlet=ExchangedOutlet(
            slug=outlet.slug,
            name=outlet.name,
            title_suffixes=outlet.title_suffixes,
            aliases=[
                ExchangedAlias.model_validate({"kind": alias.kind, "value": alias.value})
                for alias in outlet.aliases.all()
            ],
        ),
        captures=[
            ExchangedCapture(
                sha256=capture.sha256,
                source_path=capture.source_path,
                format=capture.format,
                captured_at=capture.captured_at,
                is_current=capture.pk == article.current_capture_id,
                content=capture.raw,
            )
            for capture in article.captures.all()
        ],
    )
    return line.model_dump_json().encode() + b"\n"
