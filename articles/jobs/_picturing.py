"""Fetching pictures."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from django.utils.translation import gettext as _

from articles.jobs._kind import JobError, Kind
from articles.models import Article
from articles.pictures import JOBS, AlreadyGatheringError, Gathering, fetch_public, gather
from articles.workers import Workers

__all__ = ["FetchPictures"]


class FetchPictures(Kind):
    """Fetches the pictures of articles that readers may see, and keeps them."""

    at_once = 10

    @cached_property
    def signals(self) -> Workers:
        """The worker processes."""
        return Workers(JOBS)

    def prepare(self, ids: Sequence[int]) -> Gathering:
        """Fetch; each picture is kept when it has come. Raises JobError."""
        articles = Article.objects.readable().filter(pk__in=ids).newest_first()
        gathering = Gathering()
        try:
            gather(articles, gathering=gathering, workers=self.signals, fetch=fetch_public)
        except AlreadyGatheringError:
            message = _("Pictures are being fetched already. Continue when that has ended.")
            raise JobError(message) from None
        return gathering

    def change(self, gathering: Gathering) -> Counter[str]:
        """Count pictures; all is stored."""
        return Counter(
            pictures_fetched=gathering.fetched,
            pictures_known=gathering.known,
            pictures_failed=gathering.failed,
            pictures_waiting=gathering.waiting,
        )
