"""How a reader wants to see the pages: theme and script, kept in cookies of the browser."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

__all__ = ["CHOICES", "preferences", "script_of", "theme_of", "vary_by_preferences"]

CHOICES = {"theme": ("auto", "light", "dark"), "script": ("original", "hans", "hant")}
"""What can be chosen, by the name of the cookie; the first is for those who chose nothing."""


def theme_of(request: HttpRequest) -> str:
    """Return "light" or "dark", or "auto": as the reader's system has it."""
    return _chosen(request, "theme")


def script_of(request: HttpRequest) -> str:
    """Return the script to show articles in: "hans", "hant", or "original": as it was written."""
    return _chosen(request, "script")


def preferences(request: HttpRequest) -> dict[str, dict[str, str]]:
    """A context processor: ``preferences.theme`` and ``preferences.script``."""
    return {"preferences": {name: _chosen(request, name) for name in CHOICES}}


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
