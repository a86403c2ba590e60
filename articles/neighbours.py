"""What came before and after an article in its outlet."""

from dataclasses import dataclass

from articles.models import UNDATED, Article, ArticleQuerySet

__all__ = ["Neighbours", "neighbours_of"]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The articles beside one, with title and time and no texts; None where there is none."""

    earlier: Article | None
    later: Article | None


def neighbours_of(article: Article) -> Neighbours:
    """Return the readable articles of the same outlet just before and just after ``article``.

    By published time, ties by id. Undated articles have no place in time, so they have no
    neighbours and are none.
    """
    if article.published_at is None:
        return Neighbours(None, None)
    time = article.listed_at
    beside = Article.objects.readable().narrowed(outlets=[article.outlet])
    beside = beside.only("title", "published_at", "outlet")
    earlier = beside.filter(listed_at__gt=UNDATED, listed_at__lte=time)
    earlier = earlier.exclude(listed_at=time, pk__gte=article.pk).newest_first()
    later = beside.filter(listed_at__gte=time).exclude(listed_at=time, pk__lte=article.pk)
    return Neighbours(_first(earlier, article), _first(later.order_by("listed_at", "pk"), article))


def _first(articles: ArticleQuerySet, article: Article) -> Article | None:
    found = articles.first()
    if found:
        # Its headline needs the outlet, which is known.
        found.outlet = article.outlet
    return found
