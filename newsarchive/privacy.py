"""An archive for those only who can log in."""

from base64 import b64decode
from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

__all__ = ["PrivateMiddleware"]

OPEN = {"healthz", "login", "logout", "preferences", "robots"}
"""Addresses that a private archive answers to strangers, by name; and the admin's own login."""
FOR_PROGRAMS = {"latest-feed", "outlet-feed", "search-feed", "search-export"}
"""Addresses that, like those of the API, take a name and a password with each request."""
DOCS = "api:openapi-view"
REMEMBERED_SECONDS = 300


class PrivateMiddleware(LoginRequiredMiddleware):
    """With NEWSARCHIVE_PRIVATE, lets in who has logged in; programs by HTTP Basic (RFC 7617).

    Search engines are asked to forget what they saw.
    """

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Return the way to the login, or 401 to programs; None where the view may answer."""
        if not settings.NEWSARCHIVE_PRIVATE or _name(request) in OPEN:
            return None
        if not _is_for_programs(request) or request.user.is_authenticated:
            return super().process_view(request, view_func, view_args, view_kwargs)
        user = _sent_with(request)
        if user is None:
            message = "This archive is private: send your name and password (HTTP Basic)."
            challenge = {"WWW-Authenticate": 'Basic realm="newsarchive", charset="UTF-8"'}
            return JsonResponse({"message": message}, status=401, headers=challenge)
        request.user = user
        return None

    def process_response(self, _request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Return the answer, with what it asks of search engines."""
        if settings.NEWSARCHIVE_PRIVATE:
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


def _name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _is_for_programs(request: HttpRequest) -> bool:
    name = _name(request)
    return name in FOR_PROGRAMS or (name.startswith("api:") and name != DOCS)


def _sent_with(request: HttpRequest) -> User | None:
    """Return the user whose name and password came with the request; None where they are wrong.

    Attempts count as they do at the login page. Since checking a password takes a quarter of a
    second by intention, the right one is remembered for some minutes, by its keyed hash alone.
    """
    credentials = _credentials(request.headers.get("Authorization", ""))
    if credentials is None:
        return None
    key = salted_hmac(__name__, repr(credentials), algorithm="sha256").hexdigest()
    if remembered := cache.get(key):
        pk, session_hash = remembered
        user = User.objects.filter(pk=pk, is_active=True).first()
        if user and user.get_session_auth_hash() == session_hash:
            return user
    form = AuthenticationForm(request, {"username": credentials[0], "password": credentials[1]})
    if not form.is_valid():
        return None
    known: User = form.get_user()
    cache.set(key, (known.pk, known.get_session_auth_hash()), REMEMBERED_SECONDS)
    return known


def _credentials(header: str) -> tuple[str, str] | None:
    """Return name and password of an Authorization header; None where it has none."""
    scheme, _space, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return name, password
