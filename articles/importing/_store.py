"""The one writer: stores what workers prepared, a batch in a transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F

from articles.editing import apply_cleaned, keep_version
from articles.importing._outlets import OutletFinder
from articles.importing._prepare import EXCERPT_LENGTH, Failed, Prepared, RawFile, Skipped
from articles.importing._restoring import Exchanged, foresee, restore
from articles.models import Article, Capture, ImportProblem, ImportRun
from articles.problems import WARNINGS, ProblemKind

BYLINE_LENGTH = 300

Result = Prepared | Exchanged | Skipped | Failed


@dataclass(frozen=True, slots=True)
class Problem:
    """One file, or part of it, that could not be taken as it is."""

    path: str
    kind: str
    message: str


@dataclass(slots=True)
class Outcome:
    """What became of some files."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Add the counts and problems of ``other``."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.skipped += other.skipped
        self.failed += other.failed
        self.problems += other.problems


class Store:
    """Stores prepared files into the archive, or only tells what storing them would do.

    A dry run has no ``run``, or one in which its counts and problems are kept. ``stored`` are the
    digests that a run that is continued had stored, and counted, before.
    """

    def __init__(
        self,
        run: ImportRun | None,
        finder: OutletFinder,
        *,
        is_dry: bool = False,
        stored: AbstractSet[str] = frozenset(),
    ) -> None:
        self._run = run
        self._stored = stored
        self._is_dry = is_dry
        self._finder = finder
        self._dry_digests: defaultdict[str, set[str]] = defaultdict(set)

    def store(self, results: Sequence[Result], *, unchanged: int = 0, done: int = 0) -> Outcome:
        """Store ``results`` in one transaction and return what became of them.

        ``unchanged`` is the number of files that were recognised before any parsing, ``done`` the
        number of all files that this call finishes.
        """
        # A dry run must not wait for, or hold up, whoever writes.
        with transaction.atomic() if self._run else nullcontext():
            outcome, fresh = self._judge(results)
            self._restore(results, outcome)
            outcome.unchanged += unchanged
            if self._run:
                captures = {} if self._is_dry else self._write(fresh, self._run)
                self._write_problems(results, captures, self._run)
                _count(self._run, outcome, done=done)
        return outcome

    def _known_digests(self, results: Sequence[Result]) -> defaultdict[str, set[str]]:
        """Return the digests of the captures of every known address among ``results``."""
        digests = self._dry_digests if self._is_dry else defaultdict(set)
        urls = [result.url for result in results if isinstance(result, Prepared)]
        rows = Article.objects.filter(url__in=urls).values_list("url", "captures__sha256")
        for url, digest in rows:
            digests[url].add(digest or "")
        return digests

    def _judge(self, results: Sequence[Result]) -> tuple[Outcome, list[Prepared]]:
        """Return what becomes of ``results``, and those that bring new content, in order."""
        digests = self._known_digests(results)
        outcome = Outcome()
        fresh = []
        for result in results:
            match result:
                case Skipped():
                    outcome.skipped += 1
                case Failed():
                    outcome.failed += 1
                    outcome.problems.append(Problem(result.path, result.kind, result.message))
                case Prepared():
                    known = digests[result.url]
                    if result.raw.sha256 in known:
                        outcome.unchanged += 1
                        continue
                    if known:
                        outcome.updated += 1
                    else:
                        outcome.created += 1
                    known.add(result.raw.sha256)
                    fresh.append(result)
                    outcome.problems += _warnings(result)
        return outcome, fresh

    def _restore(self, results: Sequence[Result], outcome: Outcome) -> None:
        """Store the lines of exports among ``results``, and count them."""
        for item in results:
            if isinstance(item, Exchanged):
                if self._is_dry or self._run is None:
                    became = foresee(item, self._run)
                else:
                    became = restore(item, self._run, self._finder.override)
                    if became == "unchanged" and self._has_stored(item):
                        continue
                setattr(outcome, became, getattr(outcome, became) + 1)

    def _has_stored(self, item: Exchanged) -> bool:
        return any(capture.sha256 in self._stored for capture in item.article.captures)

    def _write(self, fresh: Sequence[Prepared], run: ImportRun) -> dict[str, Capture]:
        """Store articles and captures; return the captures by the paths of their files."""
        articles = Article.objects.in_bulk({item.url for item in fresh}, field_name="url")
        stored = set(articles)
        captures: list[Capture] = []
        current: dict[str, Capture] = {}
        replaced: list[Article] = []
        for item in fresh:
            article = articles.get(item.url)
            capture = _capture(item.raw, run, item.parsed.format)
            captures.append(capture)
            if article is None:
                outlet = self._finder.find(folder=item.raw.folder, url=item.url)
                article = articles[item.url] = Article(url=item.url, outlet=outlet)
            elif article.edited_at and run.edits == ImportRun.Edits.REPLACE:
                keep_version(article)
                article.edited_at = None
                replaced.append(article)
            elif article.edited_at or (article.text and not item.cleaned.text):
                article.has_newer_capture = True
                capture.article = article
                continue
            capture.article = article
            current[item.url] = capture
            _fill(article, item)
        new = [article for url, article in articles.items() if url not in stored]
        Article.objects.bulk_create(new)
        for capture in captures:
            capture.article_id = capture.article.pk if capture.article else None
        Capture.objects.bulk_create(captures)
        for url, capture in current.items():
            articles[url].current_capture = capture
        # All else of new ones is there already, and updating many fields of many rows takes long.
        Article.objects.bulk_update(new, ["current_capture"], batch_size=200)
        Article.objects.bulk_update(
            [articles[url] for url in stored],
            [
                "title",
                "original_url",
                "published_at",
                "byline",
                "body",
                "text",
                "lead",
                "cleaner_version",
                "current_capture",
                "has_newer_capture",
                "edited_at",
            ],
            batch_size=50,
        )
        for article in replaced:
            keep_version(article, user=run.requested_by, reason=f"import {run.pk}")
        return {capture.source_path: capture for capture in captures}

    def _write_problems(
        self, results: Sequence[Result], captures: Mapping[str, Capture], run: ImportRun
    ) -> None:
        rows = []
        for result in results:
            if isinstance(result, Failed):
                keeps = result.raw and not self._is_dry
                capture = _unattached_capture(result.raw, run) if keeps and result.raw else None
                rows.append(
                    ImportProblem(
                        run=run,
                        kind=result.kind,
                        path=result.path,
                        message=result.message,
                        excerpt=result.excerpt,
                        capture=capture,
                    )
                )
            elif isinstance(result, Prepared) and (self._is_dry or result.raw.path in captures):
                rows += [
                    ImportProblem(
                        run=run,
                        kind=problem.kind,
                        path=problem.path,
                        message=problem.message,
                        excerpt=result.cleaned.text[:EXCERPT_LENGTH],
                        capture=captures.get(problem.path),
                    )
                    for problem in _warnings(result)
                ]
        # A run that is continued meets its problems again.
        known = set(
            run.problems.filter(path__in=[row.path for row in rows]).values_list("path", "kind")
        )
        ImportProblem.objects.bulk_create(row for row in rows if (row.path, row.kind) not in known)


def remaining_problems(results: Sequence[Result]) -> dict[str, frozenset[ProblemKind]]:
    """Return which kinds of problems are left, by the label, of each file that is an article."""
    remaining = {}
    for result in results:
        match result:
            case Prepared():
                kinds = frozenset(problem.kind for problem in _warnings(result))
                remaining[result.raw.path] = WARNINGS & kinds
            case Exchanged():
                remaining[result.path] = frozenset()
    return remaining


def _fill(article: Article, item: Prepared) -> None:
    """Make ``item`` the current content of ``article``; what the file lacks stays as it was."""
    article.title = item.parsed.title
    article.original_url = item.parsed.url
    article.published_at = item.parsed.published_at or article.published_at
    article.byline = item.parsed.byline[:BYLINE_LENGTH] or article.byline
    apply_cleaned(article, item.cleaned)
    article.has_newer_capture = False


def _warnings(item: Prepared) -> list[Problem]:
    warnings = []
    if item.cleaned.text_only:
        message = f"Only the text was kept: {item.cleaned.text_only}."
        warnings.append(Problem(item.raw.path, ProblemKind.TEXT_ONLY, message))
    if item.parsed.published_at is None:
        message = "The file does not say when the article was published; it was archived undated."
        warnings.append(Problem(item.raw.path, ProblemKind.NO_DATE, message))
    if not item.cleaned.text:
        message = "The article has no text; it was archived with its title only."
        warnings.append(Problem(item.raw.path, ProblemKind.EMPTY_BODY, message))
    return warnings


def _count(run: ImportRun, outcome: Outcome, *, done: int) -> None:
    ImportRun.objects.filter(pk=run.pk).update(
        done=F("done") + done,
        created=F("created") + outcome.created,
        updated=F("updated") + outcome.updated,
        unchanged=F("unchanged") + outcome.unchanged,
        skipped=F("skipped") + outcome.skipped,
        failed=F("failed") + outcome.failed,
    )


def _capture(raw: RawFile, run: ImportRun, format_name: str) -> Capture:
    return Capture(
        sha256=raw.sha256,
        content=raw.compressed,
        size=raw.size,
        source_path=raw.path,
        format=format_name,
        run=run,
    )


def _unattached_capture(raw: RawFile, run: ImportRun) -> Capture:
    capture, _created = Capture.objects.get_or_create(
        article=None,
        sha256=raw.sha256,
        defaults={
            "content": raw.compressed,
            "size": raw.size,
            "source_path": raw.path,
            "run": run,
        },
    )
    return capture
