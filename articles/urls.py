"""The addresses of the reading pages."""

from django.urls import path, register_converter

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
    path("preferences/", views.set_preferences, name="preferences"),
    path("outlets/", views.outlet_list, name="outlets"),
    path("outlets/<slug:slug>/", views.outlet_page, name="outlet"),
    path("days/<yyyy:year>/<two_digits:month>/<two_digits:day>/", views.day_page, name="day"),
]
