"""The addresses of the reading pages."""

from django.urls import path, re_path, register_converter

from articles import views


class NumberConverter:
    """A number; a day has one address, with two digits for month and day."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        """Return the number in the address."""
        return int(value)

    def to_url(self, value: int | str) -> str:
        """Return the number with two digits at least."""
        return f"{int(value):02d}"


class DatabaseIdConverter(NumberConverter):
    """A number that a database id can be."""

    regex = "[0-9]{1,18}"

    def to_url(self, value: int | str) -> str:
        """Return the number as it is."""
        return str(int(value))


class YearConverter(NumberConverter):
    """Four digits."""

    regex = "[0-9]{4}"

    def to_url(self, value: int | str) -> str:
        """Return the number with four digits."""
        return f"{int(value):04d}"


class TwoDigitConverter(NumberConverter):
    """One or two digits."""

    regex = "[0-9]{1,2}"


register_converter(DatabaseIdConverter, "id")
register_converter(YearConverter, "yyyy")
register_converter(TwoDigitConverter, "two_digits")

urlpatterns = [
    path("", views.front_page, name="front"),
    path("articles/", views.article_list, name="articles"),
    path("articles/<id:pk>/", views.article_page, name="article"),
    path("articles/<id:pk>/cite.bib", views.citation, {"ending": "bib"}, name="bibtex"),
    path("articles/<id:pk>/cite.ris", views.citation, {"ending": "ris"}, name="ris"),
    path("articles/<id:pk>/captures/", views.captures_page, name="captures"),
    path("articles/<id:pk>/captures/<id:number>/", views.capture_page, name="capture"),
    path("articles/<id:pk>/edits/", views.edits_page, name="edits"),
    path("original/", views.original_page, name="original"),
    re_path(
        r"^media/(?P<sha256>[0-9a-f]{64})\.(?P<suffix>jpg|png|gif|webp|avif)$",
        views.picture,
        name="picture",
    ),
    path("preferences/", views.set_preferences, name="preferences"),
    path("outlets/", views.outlet_list, name="outlets"),
    path("outlets/<slug:slug>/", views.outlet_page, name="outlet"),
    path("days/<yyyy:year>/<two_digits:month>/<two_digits:day>/", views.day_page, name="day"),
]
