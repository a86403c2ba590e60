"""How a reader wants to see the pages: theme and script, kept in cookies of the browser."""

from django.http import HttpRequest

__all__ = ["CHOICES", "script_of", "theme_of"]

CHOICES = {"theme": ("auto", "light", "dark"), "script": ("original", "hans", "hant")}
"""What can be chosen, by the name of the cookie; the first is for those who chose nothing."""


def theme_of(request: HttpRequest) -> str:
    """Return "light" or "dark", or "auto": as the reader's system has it."""
    return _chosen(request, "theme")


def script_of(request: HttpRequest) -> str:
    """Return the script to show articles in: "hans", "hant", or "original": as it was written."""
    return _chosen(request, "script")


def _chosen(request: HttpRequest, name: str) -> str:
    chosen = request.COOKIES.get(name, "")
    return chosen if chosen in CHOICES[name] else CHOICES[name][0]
