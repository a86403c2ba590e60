"""Articles in a database and in an index."""

from datetime import UTC, datetime, timedelta

import pytest
from corpus import ARTICLES

from articles.models import Article, Outlet
from search.indexing import rebuild


@pytest.fixture
def archive(db: None) -> list[Article]:
    """Thirty articles, one an hour around midnight in Shanghai, the last undated; indexed."""
    outlets = [Outlet.objects.create(slug=f"paper-{n}", name=f"报纸{n}") for n in range(3)]
    start = datetime(2023, 12, 13, 0, 30, tzinfo=UTC)
    made = [
        Article.objects.create(
            outlet=outlets[n % 3],
            title=f"第{n}则新闻",
            url=f"https://paper.example/{n}",
            original_url=f"https://paper.example/{n}",
            published_at=start + timedelta(hours=n) if n < ARTICLES - 1 else None,
            text=f"台灣新闻的内容{n}",
            body=f"<p>台灣新闻的内容{n}</p>",
        )
        for n in range(ARTICLES)
    ]
    rebuild()
    return made
