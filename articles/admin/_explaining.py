"""What a kind of problem means and what to do, in the reader's language.

A problem's own message is stored, in English, with what is particular to the file.
"""

from django.utils.translation import gettext_lazy as _

from articles.problems import ProblemKind

__all__ = ["EXPLANATIONS"]

EXPLANATIONS: dict[str, object] = {
    ProblemKind.EMPTY_FILE: _("The file is empty."),
    ProblemKind.BINARY_FILE: _("This is no text. Only Markdown, HTML and zip can be imported."),
    ProblemKind.UNKNOWN_ENCODING: _(
        "The encoding of the text could not be found. Save the file as UTF-8 and import it again."
    ),
    ProblemKind.UNKNOWN_FORMAT: _(
        "This is no article in a format that can be imported. If it is one, mend it by hand."
    ),
    ProblemKind.TOO_LARGE: _("The file is larger than any article."),
    ProblemKind.UNREADABLE: _("The file could not be read. See to its rights, then try again."),
    ProblemKind.BAD_ARCHIVE: _(
        "The archive, or this file in it, cannot be unpacked safely. Make the archive again, or "
        "import the unpacked folder."
    ),
    ProblemKind.NO_TITLE: _("The article has no title. Mend it, or add one to the file."),
    ProblemKind.NO_ADDRESS: _("The article has no address. Mend it, or add one to the file."),
    ProblemKind.BAD_ADDRESS: _("The article's address cannot be used. Mend it."),
    ProblemKind.NO_DATE: _("Nothing says when the article was published; it is kept undated."),
    ProblemKind.EMPTY_BODY: _("The article has no text; it is kept with its title only."),
    ProblemKind.TEXT_ONLY: _("The body is over a limit of the sanitiser; only its text is kept."),
    ProblemKind.TIMEOUT: _("Reading the file took too long and was broken off."),
    ProblemKind.CRASH: _("Reading the file failed. The others were not affected."),
}
"""For each kind of problem a sentence or two."""
