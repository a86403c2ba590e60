"""Articles at the desk: made, opened, saved."""

from typing import Any

from django.test import Client
from django.urls import reverse

from articles.models import Article, Outlet
from articles.sanitising import plain_text

BODY = "<p>原来的文章讲天气。</p><p>第二段，说到雨。</p>"


def make_article(*, title: str = "原题", body: str = BODY) -> Article:
    """Make an article without a capture, as if it had been imported."""
    outlet, _created = Outlet.objects.get_or_create(slug="paper", defaults={"name": "晨报"})
    url = f"https://paper.example/{Article.objects.count() + 1}"
    article = Article(outlet=outlet, title=title, body=body, url=url, original_url=url)
    article.text = plain_text(body)
    Article.objects.bulk_create([article])
    return article


def change_page(article: Article) -> str:
    """Return the address of an article's form."""
    return reverse("admin:articles_article_change", args=[article.pk])


def opened(client: Client, article: Article) -> dict[str, str]:
    """Open an article's form; return what saving it without a change would send."""
    page = client.get(change_page(article))
    assert page.status_code == 200
    form = page.context["adminform"].form
    stored = Article.objects.get(pk=article.pk)
    day, moment = form.fields["published_at"].widget.decompress(stored.published_at)
    return {
        "title": stored.title,
        "outlet": str(stored.outlet_id),
        "published_at_0": str(day or ""),
        "published_at_1": str(moment or ""),
        "byline": stored.byline,
        "original_url": stored.original_url,
        "body": stored.body,
        "seen": form.seen_token,
    }


def save(client: Client, article: Article, **changes: str) -> Any:
    """Open an article's form, change some fields, save."""
    return client.post(change_page(article), opened(client, article) | changes)
