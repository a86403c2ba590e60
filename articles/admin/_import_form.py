"""What can be asked of an import: which files, which outlet, what becomes of edited articles."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from articles.models import ImportRun, Outlet

__all__ = ["ImportForm"]


class FilesInput(forms.FileInput):
    """A file input that takes many files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Many uploaded files, or none."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Return the files."""
        return list(data or [])


class ImportForm(forms.Form):
    """Files to upload, or folders of the server that the operator allowed."""

    uploads = FilesField(
        label=_("Files"),
        required=False,
        help_text=_(
            "Articles (.md, .html), zip archives of them, or exports (.jsonl). A zip keeps the "
            "folders by which outlets are known."
        ),
    )
    folders = forms.MultipleChoiceField(
        label=_("Folders of the server"), required=False, widget=forms.CheckboxSelectMultiple
    )
    outlet = forms.ModelChoiceField(
        label=_("Outlet"),
        queryset=Outlet.objects.all(),
        required=False,
        empty_label=_("as folders and addresses say"),
    )
    edits = forms.ChoiceField(
        label=_("Articles that editors changed"),
        choices=ImportRun.Edits.choices,
        initial=ImportRun.Edits.KEEP,
        widget=forms.RadioSelect,
    )
    dry_run = forms.BooleanField(
        label=_("Dry run: report everything, store nothing"), required=False
    )

    def __init__(self, *args: Any, upload_problem: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._upload_problem = upload_problem
        folders: Any = self.fields["folders"]
        folders.choices = [(str(i), f) for i, f in enumerate(settings.NEWSARCHIVE_IMPORT_FOLDERS)]
        if not folders.choices:
            del self.fields["folders"]
        if upload_problem:
            # What came behind the files was not read.
            for field in self.fields.values():
                field.required = False

    def clean_folders(self) -> list[Path]:
        """Return the paths of the chosen folders; refuse one that cannot be read now."""
        allowed = settings.NEWSARCHIVE_IMPORT_FOLDERS
        paths = [Path(allowed[int(number)]).resolve() for number in self.cleaned_data["folders"]]
        for path in paths:
            try:
                next(path.iterdir() if path.is_dir() else path.open("rb"), None)
            except OSError as error:
                raise ValidationError(
                    _("%(path)s cannot be read: %(reason)s."),
                    params={"path": path, "reason": error.strerror},
                ) from error
        return paths

    def clean(self) -> dict[str, Any]:
        """Refuse an import of nothing, and tell why an upload was not taken."""
        cleaned = super().clean() or {}
        if self._upload_problem:
            self.add_error("uploads", self._upload_problem)
        elif not cleaned.get("uploads") and not cleaned.get("folders") and not self.errors:
            self.add_error("uploads", _("Choose at least one file, or a folder of the server."))
        return cleaned
