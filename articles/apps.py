"""The keeping half of newsarchive."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ArticlesConfig(AppConfig):
    """Registers the models and their signals."""

    name = "articles"
    verbose_name = _("archive")

    def ready(self) -> None:
        from articles import signals  # noqa: F401
