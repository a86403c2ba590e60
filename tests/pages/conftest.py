"""An archive to read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from articles.models import Article, Capture, Outlet
from search.indexing import rebuild

MIDNIGHT = datetime(2023, 12, 13, 16, tzinfo=UTC)
"""In Shanghai, the first moment of 14 December 2023."""

MakeArticle = Callable[..., Article]


@pytest.fixture
def make_article(db: None) -> MakeArticle:
    """Makes an article with a capture: ``make_article(title=…, published_at=…, body=…)``."""

    def make(**fields: Any) -> Article:
        number = Article.objects.count() + 1
        outlet = (
            fields.pop("outlet", None)
            or Outlet.objects.get_or_create(slug="paper", defaults={"name": "晨报"})[0]
        )
        body = fields.setdefault("body", f"<p>第{number}则新闻的正文，说到國安法。</p>")
        url = f"https://paper.example/{number}"
        text = body.replace("<p>", "").replace("</p>", "")
        fields = {"title": f"第{number}则新闻", "url": url, "original_url": url, **fields}
        article = Article.objects.create(
            outlet=outlet, text=fields.pop("text", text), lead=text[:200], **fields
        )
        article.current_capture = Capture.objects.create(
            article=article,
            sha256=f"{number:064x}",
            content=Capture.compress(b"raw"),
            size=3,
            source_path=f"articles/paper/{number}.md",
            format="archive",
        )
        article.save()
        return article

    return make


@pytest.fixture
def archive(db: None) -> list[Article]:
    """100 articles of three outlets, indexed: many at one moment, some days empty, 7 undated."""
    outlets = [Outlet.objects.create(slug=f"outlet-{n}", name=f"报社{n}") for n in range(3)]
    articles = Article.objects.bulk_create(
        Article(
            outlet=outlets[n % 3],
            title=f"第{n}则新闻",
            url=f"https://outlet.example/{n}",
            original_url=f"https://outlet.example/{n}",
            published_at=_time(n),
            body=f"<p>第{n}则新闻的正文，说到國安法。</p>",
            text=f"第{n}则新闻的正文，说到國安法。",
            lead=f"第{n}则新闻的正文，说到國安法。",
        )
        for n in range(100)
    )
    rebuild()
    return articles


def _time(number: int) -> datetime | None:
    if number >= 93:
        return None
    return MIDNIGHT + (timedelta(hours=5 * number) if number < 50 else timedelta(days=1))
