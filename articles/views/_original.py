"""Finding an article by the address it was published at."""

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from articles.addresses import AddressError, canonical_address, host_of
from articles.models import Article, Outlet


@require_safe
def original_page(request: HttpRequest) -> HttpResponse:
    """Lead to the article that was published at ``?url=``, however that is written."""
    written = request.GET.get("url", "").strip()
    if not written:
        return render(request, "articles/original.html")
    try:
        address = canonical_address(written if "://" in written else f"https://{written}")
    except AddressError:
        context = {"written": written, "is_wrong": True}
        return render(request, "articles/original.html", context, status=400)
    found = Article.objects.readable().only("pk").filter(url=address).first()
    if found:
        return HttpResponseRedirect(found.get_absolute_url())
    own = Article.objects.readable().filter(outlet=OuterRef("pk"))
    outlets = Outlet.objects.filter(
        Exists(own), aliases__kind="host", aliases__value=host_of(address)
    )
    context = {"written": written, "address": address, "outlet": outlets.first()}
    return render(request, "articles/original.html", context, status=404)
