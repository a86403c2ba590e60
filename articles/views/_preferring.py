"""Choosing language, theme and script."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from articles.preferences import CHOICES


@csrf_exempt
@require_POST
def set_preferences(request: HttpRequest) -> HttpResponse:
    """Keep the ``language``, ``theme`` or ``script`` that was posted, and go back to the page.

    A token would make every page different each time, so that none could be answered with 304;
    browsers say which site a form is on, and others' forms are refused.
    """
    if not _is_from_this_site(request):
        raise PermissionDenied(_("This form was not sent from this site."))
    response = set_language(request)
    for name, choices in CHOICES.items():
        if (chosen := request.POST.get(name)) in choices:
            response.set_cookie(
                name,
                chosen,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
    return response


def _is_from_this_site(request: HttpRequest) -> bool:
    """Tell whether a page of this site, or no page at all, sent ``request``.

    Over plain HTTP browsers say only ``Origin``; what says neither is no browser of today.
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin in (None, f"{request.scheme}://{request.get_host()}")
