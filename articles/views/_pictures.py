"""The pictures that are kept here."""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers, get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from articles.models import Picture
from articles.pictures import path_of

__all__ = ["picture"]


@require_safe
def picture(request: HttpRequest, sha256: str, suffix: str) -> HttpResponseBase:
    """One picture as it was fetched; those of hidden articles only for who may see drafts.

    Only the reader's browser keeps it: a cache for many would go on showing what was hidden since.
    Whatever else its bytes may be, to a browser they are a picture of this type and nothing more.
    """
    found = Picture.objects.filter(sha256=sha256, format=suffix)
    is_readable = found.readable().exists()
    if not is_readable and not (request.user.has_perm("articles.view_article") and found.exists()):
        raise Http404(_("There is no such picture."))
    try:
        file = path_of(sha256, suffix).open("rb")
    except OSError:
        raise Http404(_("There is no such picture.")) from None
    response: Any = FileResponse(
        file,
        content_type=Picture.Format(suffix).label,
        headers={
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "ETag": f'"{sha256}"',
        },
    )
    if is_readable:
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    else:
        add_never_cache_headers(response)
    answer = get_conditional_response(request, etag=response.headers["ETag"], response=response)
    return answer or response
