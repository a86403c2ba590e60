"""The page that describes the API to people."""

import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

__all__ = ["DocsPage"]


class DocsPage(DocsBase):
    """The OpenAPI description as a page of the site: no script, nothing from elsewhere."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **_kwargs: Any) -> HttpResponse:
        """Show every operation, in the reader's language."""
        described: dict[str, Any] = _translated(api.get_openapi_schema())
        operations = [
            _shown(f"{method.upper()} {path}", operation, described["components"]["schemas"])
            for path, by_method in described["paths"].items()
            for method, operation in by_method.items()
        ]
        return render(
            request,
            "api/docs.html",
            {
                "operations": operations,
                "limit": settings.NEWSARCHIVE_API_PER_MINUTE,
                "private": settings.NEWSARCHIVE_PRIVATE,
            },
        )


def _shown(address: str, operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return an operation with what its answer holds, and with an example of both."""
    answer = _referred(operation["responses"][200]["content"]["application/json"]["schema"])
    examples = [
        f"{parameter['name']}={parameter['schema']['examples'][0]}"
        for parameter in operation["parameters"]
        if "examples" in parameter["schema"]
    ]
    return {
        **operation,
        "question": "?".join(filter(None, [address, "&".join(examples)])),
        "fields": list(_fields(schemas, answer)),
        "answers": [
            json.dumps(example, ensure_ascii=False, indent=2)
            for example in schemas.get(answer, {}).get("examples", [])
        ],
    }


def _fields(schemas: dict[str, Any], name: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield what an answer holds, at all depths, and what it means."""
    for key, field in schemas.get(name, {}).get("properties", {}).items():
        path = f"{prefix}{key}{'[]' if 'items' in field else ''}"
        yield path, field.get("description", "")
        yield from _fields(schemas, _referred(field.get("items", field)), f"{path}.")


def _referred(schema: dict[str, Any]) -> str:
    """Return the name of the schema that another one refers to, "" where it is none."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _translated(value: Any) -> Any:
    """Return a part of an OpenAPI description with its texts in the reader's language."""
    if isinstance(value, dict):
        return {
            key: gettext(item)
            if key in ("description", "summary") and isinstance(item, str) and item
            else _translated(item)
            for key, item in value.items()
        }
    return [_translated(item) for item in value] if isinstance(value, list) else value
