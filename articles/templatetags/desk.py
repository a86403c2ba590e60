"""What the desk's templates ask for."""

from typing import Any

from django import template

from articles.overview import Overview

register = template.Library()
register.simple_tag(Overview, name="desk_overview")

SECTIONS = (
    "Article",
    "ImportRun",
    "ImportProblem",
    "Capture",
    "Outlet",
    "Word",
    "Job",
    "AuditEntry",
    "User",
    "Group",
)


@register.simple_tag
def desk_sections(available_apps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the models that the user may see, of the admin's list of apps: most needed first."""
    models = [model for app in available_apps for model in app["models"] if model.get("admin_url")]
    places = {name: place for place, name in enumerate(SECTIONS)}
    return sorted(models, key=lambda model: places.get(model["object_name"], len(places)))
