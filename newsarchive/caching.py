"""What browsers and caches may keep of an answer, and how little they are sent of what they have.

Pages differ by reader (language, theme, what editors see), so only the reader's browser keeps them,
and asks each time whether they are still the same; the answer to that is 304 and empty.
"""

from http import HTTPStatus
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import (
    get_conditional_response,
    patch_cache_control,
    patch_vary_headers,
    set_response_etag,
)
from django.utils.http import parse_http_date_safe

__all__ = ["CompressionMiddleware", "ConditionalMiddleware"]

TEXTS = ("text/", "application/json", "application/x-ndjson", "application/x-bibtex")


class CompressionMiddleware(GZipMiddleware):
    """Compresses texts; pictures and archives are compressed already.

    What readers get holds no secret beside what they ask for, and Django's own pages with forms
    mask their tokens, so that lengths tell nothing (https://breachattack.com).
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Return the answer compressed, if it is text and the client takes it."""
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            # Django's own says so only where there is something to compress.
            patch_vary_headers(response, ["Accept-Encoding"])
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if kind.startswith(TEXTS) or kind.endswith("xml"):
            return super().process_response(request, response)
        return response


class ConditionalMiddleware(ConditionalGetMiddleware):
    """Gives what is read an entity tag, and answers 304 to those who have it; HEAD as well.

    Django's own leaves out HEAD, for which servers drop the body only after this.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Return the answer, or 304 where the client has it already."""
        if request.method not in ("GET", "HEAD"):
            return response
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        elif settings.NEWSARCHIVE_PRIVATE:
            patch_cache_control(response, private=True)
        if self.needs_etag(response) and not response.has_header("ETag"):
            set_response_etag(response)
        modified = response.headers.get("Last-Modified")
        answer = get_conditional_response(
            request,
            etag=response.headers.get("ETag"),
            last_modified=parse_http_date_safe(modified) if modified else None,
            response=cast(HttpResponse, response),
        )
        return answer or response
