"""How a reader wants to see the pages: theme and script, kept in cookies of the browser."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.encoding import uri_to_iri

__all__ = ["CHOICES", "preferences", "script_of", "vary_by_preferences"]

CHOICES = {"theme": ("auto", "light", "dark"), "script": ("original", "hans", "hant")}
"""What can be chosen, by the name of the cookie; the first is for those who chose nothing.

The theme "auto" is that of the reader's system, the script "original" that of each article.
"""


def script_of(request: HttpRequest) -> str:
    """Return the script to show articles in: "hans", "hant", or "original": as it was written."""
    return _chosen(request, "script")


def preferences(request: HttpRequest) -> dict[str, dict[str, str]]:
    """A context processor: ``preferences.theme``, ``preferences.script``, ``preferences.here``.

    The last is the page's address, to come back to; written so that Chinese is a ninth as long, for
    Django goes back to no address of more than 2,048 characters.
    """
    chosen = {name: _chosen(request, name) for name in CHOICES}
    return {"preferences": {**chosen, "here": uri_to_iri(request.get_full_path())}}


def vary_by_preferences(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware: caches know that cookies decide how a page looks and in which language."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["Cookie"])
        return response

    return middleware


def _chosen(request: HttpRequest, name: str) -> str:
    choice = request.COOKIES.get(name, "")
    return choice if choice in CHOICES[name] else CHOICES[name][0]
