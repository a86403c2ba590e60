"""Outlets that get another slug, or become one; what they had leads to what they are."""

from collections.abc import Collection, Iterable

from django.db import transaction

from articles.addresses import host_of
from articles.models import Article, ImportRun, OldSlug, Outlet, OutletAlias
from articles.work import is_claimed

__all__ = [
    "is_importing",
    "merge_into",
    "move_articles",
    "move_names",
    "normal_host",
    "remember_slug",
    "with_slug",
]


def with_slug(slug: str) -> Outlet | None:
    """Return the outlet that has ``slug``, or else the one that had it."""
    outlet = Outlet.objects.filter(slug=slug).first()
    return outlet or Outlet.objects.filter(old_slugs__slug=slug).first()


def remember_slug(outlet: Outlet, old: str) -> None:
    """Have the addresses with the slug ``old`` lead to ``outlet``, which has another one now."""
    with transaction.atomic():
        OldSlug.objects.filter(slug=outlet.slug).delete()
        OldSlug.objects.update_or_create(slug=old, defaults={"outlet": outlet})


def normal_host(written: str) -> str:
    """Return a host, or that of an address, as imports compare it. Raises AddressError."""
    return host_of(written if "://" in written else f"https://{written}")


def is_importing() -> bool:
    """Tell whether an import is being done, which keeps outlets in mind until its end."""
    return any(map(is_claimed, ImportRun.objects.unfinished()))


def move_names(sources: Collection[Outlet], target: Outlet) -> None:
    """Give ``target`` the folders, hosts and title suffixes of ``sources``, and their names."""
    OutletAlias.objects.filter(outlet__in=sources).update(outlet=target)
    target.title_suffixes = list(
        dict.fromkeys(
            [
                *target.title_suffixes,
                *(suffix for source in sources for suffix in source.title_suffixes),
                *(source.name for source in sources if source.name != target.name),
            ]
        )
    )
    target.save(update_fields=["title_suffixes"])


def move_articles(ids: Collection[int], sources: Iterable[Outlet], target: Outlet) -> int:
    """File those of these articles that are in ``sources`` under ``target``, also in old versions.

    Returns how many that were; to be called in a transaction.
    """
    moved = Article.objects.filter(pk__in=ids, outlet__in=sources).update(outlet=target)
    Article.history.filter(id__in=ids, outlet__in=sources).update(outlet=target)
    return moved


def merge_into(target: Outlet, sources: Collection[Outlet]) -> None:
    """Delete ``sources``, which have no articles left; their addresses lead to ``target``.

    Raises ProtectedError where one has articles.
    """
    with transaction.atomic():
        move_names(sources, target)
        Article.history.filter(outlet__in=sources).update(outlet=target)
        ImportRun.objects.filter(outlet__in=sources).update(outlet=target)
        OldSlug.objects.filter(outlet__in=sources).update(outlet=target)
        for source in sources:
            OldSlug.objects.update_or_create(slug=source.slug, defaults={"outlet": target})
            source.delete()
