"""The API: what both halves of newsarchive tell programs."""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.renderers import JSONRenderer

from articles.api import router as articles
from newsarchive.api_docs import DocsPage
from search.api import router as search

__all__ = ["api", "errors_as_json"]


class ReadableRenderer(JSONRenderer):
    """Writes Chinese as it is."""

    json_dumps_params = {"ensure_ascii": False}


api = NinjaAPI(
    title="newsarchive",
    version="1",
    urls_namespace="api",
    docs=DocsPage(),
    docs_decorator=require_safe,
    renderer=ReadableRenderer(),
)
api.add_router("", search)
api.add_router("", articles)


@api.exception_handler(ValidationError)
def bad_question(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Say what is wrong with the parameters."""
    message = " ".join(f"{problem['loc'][-1]}: {problem['msg']}." for problem in error.errors)
    return api.create_response(request, {"message": message}, status=422)


def errors_as_json(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: below ``/api/`` every error is JSON with a message, whoever answers it."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        is_for_developers = settings.DEBUG and response.status_code == 500
        if (
            response.status_code >= 400
            and request.path_info.startswith("/api/")
            and not (is_json or is_for_developers)
        ):
            reason = HTTPStatus(response.status_code).phrase
            response.content = json.dumps({"message": f"{reason}. See /api/docs."}).encode()
            response.headers["Content-Type"] = "application/json"
            response.headers["Content-Length"] = str(len(response.content))
            del response.headers["Content-Encoding"]
        return response

    return respond
