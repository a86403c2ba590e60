"""What haystack indexes."""

from django.db.models import QuerySet
from haystack import indexes

from articles.models import Article
from search.documents import Document
from search.text import fold

__all__ = ["ArticleIndex"]


class ArticleIndex(indexes.SearchIndex, indexes.Indexable):
    """Articles in their search form."""

    text = indexes.CharField(document=True, model_attr="text")

    def get_model(self) -> type[Article]:
        """Return the model that is indexed."""
        return Article

    def index_queryset(self, using: str | None = None) -> QuerySet[Article]:
        """Return all articles, loaded as ``document`` needs them."""
        return Article.objects.only("outlet_id", "published_at", "title", "text").order_by("pk")

    def document(self, article: Article) -> Document:
        """Return what an engine keeps of ``article``."""
        return Document(
            id=article.pk,
            outlet=article.outlet_id,
            published_at=article.published_at,
            title=" ".join(fold(article.title).split()),
            text=fold(article.text),
        )
