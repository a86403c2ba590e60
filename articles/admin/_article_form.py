"""The form of an article: what an editor can change, and what is said of mistakes."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import ModelForm
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from articles.addresses import LONGEST_ADDRESS, AddressError, canonical_address
from articles.editing import AS_IMPORTED, VERSIONED, AddressTakenError, apply_edit
from articles.forms import FIRST_YEAR, LAST_YEAR
from articles.models import Article
from articles.versions import Difference, difference

__all__ = ["ArticleForm", "address_taken"]

ADDRESS_MESSAGES = {
    "invalid": _("This is no address of a web page."),
    "scheme": _("An address begins with https:// or http://."),
    "no-host": _("This address names no site; write for example https://example.org/news/1."),
    "host": _("“%(host)s” is no valid name of a site."),
    "port": _("The number after the colon in “%(host)s” is no valid port."),
    "length": _("This address has %(length)s characters; at most %(longest)s are possible."),
}


class SourceField(forms.CharField):
    """Text of several lines; a browser's line ends are no change."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """Return the source with the line ends it is stored with."""
        return (super().to_python(value) or "").replace("\r\n", "\n")

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether more than line ends differ."""
        return super().has_changed(initial, self.to_python(data))


class AsideField(forms.CharField):
    """Said beside an edit, and no part of the article."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Never: it is not edited."""
        return False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else's change since the form was opened.

    ``version`` is the version that they made, None if an import did. ``difference`` leads from what
    is stored to what would be saved; ``token`` names what is stored.
    """

    version: Any
    difference: Difference
    token: str


class ArticleForm(ModelForm):
    """What an editor can change of an article."""

    title = SourceField(label=_("title"), widget=forms.Textarea(attrs={"rows": 2, "cols": 100}))
    original_url = SourceField(
        label=_("original address"),
        widget=forms.Textarea(
            attrs={"rows": 2, "cols": 100, "spellcheck": "false", "inputmode": "url"}
        ),
    )
    body = SourceField(
        label=_("Body"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "cols": 100, "spellcheck": "false"}),
        help_text=_("HTML. It is sanitised when you save: what could harm a reader is taken out."),
    )
    reason = AsideField(
        label=_("Why"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text=_("Kept with the version, for whoever looks at it later."),
    )

    # Tokens of what the page showed as stored: when it was opened, and beside "save mine anyway".
    seen = AsideField(widget=forms.HiddenInput, required=False)
    overwrite = AsideField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Article
        fields = ("title", "outlet", "published_at", "byline", "original_url", "body")

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        # Django's widget looks up what was sent before anybody has validated it.
        if data is not None and not re.fullmatch(r"[0-9]{1,18}", data.get("outlet", "")):
            data = {**data.dict(), "outlet": ""}
        super().__init__(data, *args, **kwargs)
        self._token = _token(self.instance) if self.instance.pk else ""
        self.initial["seen"] = self._token
        if published_at := self.fields.get("published_at"):
            # Django's formats leave out the seconds, and saving would lose them.
            date_widget, time_widget = published_at.widget.widgets
            date_widget.format, time_widget.format = "%Y-%m-%d", "%H:%M:%S"
            date_widget.attrs["aria-label"], time_widget.attrs["aria-label"] = _("Date"), _("Time")

    def clean(self) -> dict[str, Any]:
        """Refuse to overwrite what somebody, or an import, changed since the form was opened."""
        cleaned: dict[str, Any] = super().clean() or {}
        seen = cleaned.get("seen")
        if seen and self._token not in (seen, cleaned.get("overwrite")):
            raise ValidationError(
                _("This article was changed since you opened it. Nothing is saved yet."),
                code="conflict",
            )
        return cleaned

    @property
    def seen_token(self) -> str:
        """What the page sends back as ``seen``: what its reader has seen of the article."""
        if not self.is_bound or self.data.get("overwrite") == self._token:
            return self._token
        return str(self.data.get("seen", ""))

    @cached_property
    def conflict(self) -> Conflict | None:
        """What to show when somebody else's change was in the way."""
        if not self.has_error("__all__", "conflict"):
            return None
        stored = Article.objects.select_related("outlet").get(pk=self.instance.pk)
        newest = stored.history.select_related("history_user").first()
        is_it = newest and _token(newest) == self._token
        is_import = not is_it or newest.history_change_reason == AS_IMPORTED
        mine = self.instance
        apply_edit(mine, changed=set(self.changed_data) - set(self.errors))
        return Conflict(None if is_import else newest, difference(stored, mine), self._token)

    def clean_published_at(self) -> datetime | None:
        """Keep the fraction of a second that no form shows; refuse a year no page has."""
        if "published_at" not in self.changed_data:
            return cast("datetime | None", self.initial.get("published_at"))
        published_at = cast("datetime | None", self.cleaned_data["published_at"])
        if published_at and not FIRST_YEAR < published_at.year < LAST_YEAR:
            raise ValidationError(
                _("Write a year between %(first)d and %(last)d."),
                params={"first": FIRST_YEAR, "last": LAST_YEAR},
            )
        return published_at

    def clean_title(self) -> str:
        """Refuse a title without a visible character."""
        title = " ".join(str(self.cleaned_data["title"]).split())
        if not any(map(str.isprintable, title.replace(" ", ""))):
            raise ValidationError(_("An article needs a title."))
        return title

    def clean_original_url(self) -> str:
        """Refuse what is no web address, and the address of another article."""
        address = str(self.cleaned_data["original_url"]).strip()
        try:
            url = canonical_address(address)
        except AddressError as error:
            params = {"longest": LONGEST_ADDRESS, **error.params}
            raise ValidationError(ADDRESS_MESSAGES[error.code], params=params) from error
        other = Article.objects.exclude(pk=self.instance.pk).filter(url=url).first()
        if other:
            raise address_taken(AddressTakenError(other))
        return address


def address_taken(error: AddressTakenError) -> ValidationError:
    """Return what is said when another article has the address."""
    return ValidationError(
        _("Article %(id)s has this address: %(title)s"),
        params={"id": error.other.pk, "title": error.other.title},
    )


def _token(version: Any) -> str:
    """Return what differs when an article's content does."""
    content = [getattr(version, name) for name in VERSIONED]
    return hashlib.sha256(json.dumps(content, cls=DjangoJSONEncoder).encode()).hexdigest()
