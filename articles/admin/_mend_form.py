"""The form in which a person says what a file lacks."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import linebreaks
from django.utils.translation import gettext_lazy as _

from articles.addresses import canonical_address
from articles.admin._article_form import ArticleForm
from articles.importing.reading import Reading, known_outlet
from articles.models import Article, ImportProblem, Outlet
from articles.problems import ProblemKind
from articles.sanitising import clean

__all__ = ["MendForm"]

LONGEST_BODY = 2_000_000
HARMFUL = (ProblemKind.TIMEOUT, ProblemKind.CRASH)

LACKING: dict[str, Any] = {
    "title": _("The file has no title."),
    "original_url": _("The file has no address that can be used. Where was this published?"),
    "published_at": _("The file does not say when this was published. A day alone will do."),
    "body": _("The file has no text."),
}
TEXT_ONLY = _("Only the text was kept, because the markup was too much. Is it as it should be?")

DAY: dict[str, Any] = {"type": "date", "aria-label": _("day")}
TIME: dict[str, Any] = {"type": "time", "step": "1", "aria-label": _("time")}


class MomentField(forms.SplitDateTimeField):
    """A day and a time of it; a day alone is its midnight, as in imported files."""

    widget = forms.SplitDateTimeWidget(date_attrs=DAY, time_attrs=TIME)

    def compress(self, data_list: Any) -> datetime | None:
        """Return the moment, None where no day was given."""
        if data_list and data_list[0] and not data_list[1]:
            data_list = [data_list[0], time.min]
        return super().compress(data_list)


class MendForm(ArticleForm):
    """What was read of a file and what a person adds; what is lacking is said at its field.

    Without an article it makes one; then all of it counts as written by the person.
    """

    outlet = forms.ModelChoiceField(
        label=_("outlet"),
        queryset=Outlet.objects.all(),
        required=False,
        empty_label=_("found by folder or address"),
    )
    published_at = MomentField(label=_("published"), required=False)

    field_order = ("title", "original_url", "outlet", "published_at", "byline", "body")

    def __init__(self, data: Any, *, problem: ImportProblem, reading: Reading) -> None:
        self.problem = problem
        article = problem.capture.article if problem.capture else None
        initial = {} if article else _read(problem, reading)
        super().__init__(data, instance=article or Article(), initial=initial)
        del self.fields["reason"]
        if article:
            self.fields["outlet"].required = True
        for name in self.lacking():
            self.fields[name].help_text = LACKING[name]
        zone = _("Time zone: %(zone)s.") % {"zone": timezone.get_current_timezone_name()}
        published_at = self.fields["published_at"]
        published_at.help_text = f"{published_at.help_text} {zone}"
        if problem.kind == ProblemKind.TEXT_ONLY:
            self.fields["body"].help_text = TEXT_ONLY
        self._focus()

    def lacking(self) -> list[str]:
        """Return the fields that the file, and the article it may have made, leave open."""
        lacking = []
        for name in LACKING:
            value = self.get_initial_for_field(self.fields[name], name)
            if not value or (name == "original_url" and not _is_address(value)):
                lacking.append(name)
        return lacking

    def taken_by(self) -> Article | None:
        """Return the article that has the address, where the file belongs to none yet."""
        if self.instance.pk or not self.has_error("original_url"):
            return None
        address = str(self.data.get("original_url", "")).strip()
        if not _is_address(address):
            return None
        return Article.objects.filter(url=canonical_address(address)).first()

    def clean_published_at(self) -> datetime | None:
        """Ask for a day where that is what is to be mended."""
        published_at = super().clean_published_at()
        if published_at is None and self.problem.kind == ProblemKind.NO_DATE:
            raise ValidationError(_("Say when this was published: at least the day."))
        return published_at

    def clean_body(self) -> str:
        """Ask for text where that is what is to be mended."""
        body = str(self.cleaned_data["body"])
        if self.problem.kind == ProblemKind.EMPTY_BODY and not clean(body).text:
            raise ValidationError(_("There is no text in this that readers would see."))
        return body

    def _focus(self) -> None:
        """Put the cursor where something is to be written."""
        wanted = self.errors if self.is_bound else self.lacking()
        for name in self.field_order:
            if name in wanted:
                widget = self.fields[name].widget
                getattr(widget, "widgets", [widget])[0].attrs["autofocus"] = True
                return


def _read(problem: ImportProblem, reading: Reading) -> dict[str, Any]:
    """Return what was read of a file that made no article, as far as it goes."""
    parsed = reading.parsed
    if parsed is None:
        # Whatever the file did to the process that read it, cleaning it might do to this one.
        if problem.kind in HARMFUL:
            return {}
        text = reading.text[:LONGEST_BODY]
        return {"body": text if "</" in text else linebreaks(text, autoescape=True)}
    assert problem.capture
    # Cleaning without an address would take out what is relative to it.
    is_address = _is_address(parsed.url)
    body = (
        clean(parsed.body, url=parsed.url, published_at=parsed.published_at).body
        if is_address
        else parsed.body
    )
    return {
        "title": parsed.title,
        "original_url": parsed.url,
        "outlet": known_outlet(problem.capture, parsed.url),
        "published_at": parsed.published_at,
        "byline": parsed.byline[: Article._meta.get_field("byline").max_length],
        "body": body[:LONGEST_BODY],
    }


def _is_address(address: str) -> bool:
    try:
        canonical_address(address)
    except ValueError:
        return False
    return True
