"""Which outlet a file belongs to."""

from collections.abc import Iterator
from itertools import chain, count

from django.utils.text import slugify

from articles.addresses import host_of
from articles.models import OldSlug, Outlet, OutletAlias

LONGEST_SLUG = 90


class OutletFinder:
    """Finds the outlet of a file by its folder, else by its address; unknown hosts become outlets.

    With ``override`` every file belongs to that outlet. Not kept longer than one import: outlets
    may be renamed or merged in between.
    """

    def __init__(self, override: Outlet | None = None) -> None:
        self.override = override
        # A folder may also be named as exports name it.
        self._known = {(str(OutletAlias.Kind.FOLDER), slug): outlet for slug, outlet in _by_slug()}
        self._known |= {
            (alias.kind, alias.value): alias.outlet
            for alias in OutletAlias.objects.select_related("outlet")
        }

    def find(self, *, folder: str, url: str) -> Outlet:
        """Return the outlet of the file in ``folder`` whose canonical address is ``url``."""
        if outlet := self.known(folder=folder, url=url):
            return outlet
        host = host_of(url)
        # Another import may have met the host since this one began.
        if alias := OutletAlias.objects.filter(kind=OutletAlias.Kind.HOST, value=host).first():
            return alias.outlet
        outlet = Outlet.objects.create(slug=_free_slug(host), name=host)
        OutletAlias.objects.create(kind=OutletAlias.Kind.HOST, value=host, outlet=outlet)
        self._known[OutletAlias.Kind.HOST, host] = outlet
        return outlet

    def known(self, *, folder: str, url: str) -> Outlet | None:
        """Return what ``find`` would, None for an unknown host or an address that is none."""
        if outlet := self.override or self._known.get((OutletAlias.Kind.FOLDER, folder)):
            return outlet
        try:
            return self._by_host(host_of(url))
        except ValueError:
            return None

    def _by_host(self, host: str) -> Outlet | None:
        """Return the outlet of ``host`` or of the domain it lies in (cn.rfi.fr: rfi.fr)."""
        labels = host.split(".")
        for start in range(len(labels) - 1):
            key = (OutletAlias.Kind.HOST, ".".join(labels[start:]))
            if outlet := self._known.get(key):
                return outlet
        return None


def _by_slug() -> Iterator[tuple[str, Outlet]]:
    """Yield slugs with their outlets, those that outlets had first."""
    for old in OldSlug.objects.select_related("outlet"):
        yield old.slug, old.outlet
    for outlet in Outlet.objects.all():
        yield outlet.slug, outlet


def _free_slug(host: str) -> str:
    """Return a slug for a new outlet; hosts that differ never share one."""
    wanted = slugify(host.replace(".", "-"))[:LONGEST_SLUG] or "outlet"
    taken = {
        slug
        for model in (Outlet, OldSlug)
        for slug in model.objects.filter(slug__startswith=wanted).values_list("slug", flat=True)
    }
    numbered = (f"{wanted}-{number}" for number in count(2))
    return next(slug for slug in chain([wanted], numbered) if slug not in taken)
