"""The editors' own words in the admin: pasted, looked through, deleted."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles.admin import AuditedMixin
from articles.auditing import record
from articles.models import AuditEntry
from search.finding import own_words_of_index
from search.models import Word
from search.own_words import BadWordsError, add_words, own_words

LONGEST_PASTE = 200_000


class WordsForm(forms.Form):
    """Words, one a line."""

    words = forms.CharField(
        label=gettext_lazy("Words, one a line"),
        help_text=gettext_lazy(
            "Names and places that are cut wrongly, each of 2 to 20 Chinese characters; Simplified "
            "and Traditional are the same. They change the order of results, suggestions, similar "
            "articles, and how a query of five characters or more without spaces is cut."
        ),
        max_length=LONGEST_PASTE,
        widget=forms.Textarea(attrs={"rows": 12, "cols": 40}),
    )


@admin.register(Word)
class WordAdmin(AuditedMixin, admin.ModelAdmin):
    """Words are added many at a time, and deleted; nobody changes one."""

    list_display = ("word", "added_at", "is_in_index")
    search_fields = ("word", "folded")
    fields = ("word", "added_at", "is_in_index")
    readonly_fields = fields

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """A word that is wrong is deleted, and another one added."""
        return False

    @admin.display(description=gettext_lazy("in the index"), boolean=True)
    def is_in_index(self, word: Word) -> bool:
        """Tell whether the index is cut by the word."""
        return word.folded in own_words_of_index()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, and what of it the index does not know yet."""
        context = {
            "title": capfirst(self.opts.verbose_name_plural),
            "waiting": len(own_words() ^ own_words_of_index()),
        }
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for words; add all of them, or say what is wrong with some."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = WordsForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            lines = form.cleaned_data["words"].splitlines()
            try:
                _tell(request, _added(request, lines))
                return redirect("admin:search_word_changelist")
            except BadWordsError as error:
                form.add_error("words", error.messages)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add words"),
            "opts": self.opts,
            "media": self.media,
            "form": form,
        }
        return TemplateResponse(request, "admin/search/word/add.html", context)


@transaction.atomic
def _added(request: HttpRequest, lines: list[str]) -> list[str]:
    """Add words, with a line in the audit log, and return those that are new."""
    added = add_words(lines)
    if added:
        record(
            AuditEntry.Action.ADD,
            user=request.user,
            target=_words(len(added)),
            detail="、".join(added),
            request=request,
        )
    return added


def _tell(request: HttpRequest, added: list[str]) -> None:
    if added:
        messages.success(request, _("Added: %(words)s.") % {"words": _words(len(added))})
    else:
        messages.info(request, _("All of these words were there already."))


def _words(count: int) -> str:
    return ngettext("%(count)d own word", "%(count)d own words", count) % {"count": count}
