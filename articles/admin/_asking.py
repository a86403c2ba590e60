"""Asking for a job: who may, and what the audit log says of it."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import ngettext

from articles.auditing import record
from articles.models import AuditEntry, Job
from articles.tasks import start

__all__ = ["PERMISSIONS", "ask_for"]

PERMISSIONS: dict[str, str] = {
    Job.Kind.PUBLISH: "articles.change_article",
    Job.Kind.HIDE: "articles.change_article",
    Job.Kind.CHANGE_OUTLET: "articles.change_article",
    Job.Kind.CLEAN: "articles.change_article",
    Job.Kind.INDEX: "articles.change_article",
    Job.Kind.FETCH_PICTURES: "articles.change_article",
    Job.Kind.EXPORT: "articles.view_article",
    Job.Kind.DELETE: "articles.delete_article",
    Job.Kind.MERGE_OUTLETS: "articles.change_outlet",
}
"""What a person must be permitted who asks for a kind of job, cancels or continues one."""

_ACTIONS: dict[str, AuditEntry.Action] = {
    Job.Kind.PUBLISH: AuditEntry.Action.PUBLISH,
    Job.Kind.HIDE: AuditEntry.Action.HIDE,
    Job.Kind.EXPORT: AuditEntry.Action.EXPORT,
    Job.Kind.DELETE: AuditEntry.Action.DELETE,
    Job.Kind.MERGE_OUTLETS: AuditEntry.Action.MERGE,
}


def ask_for(
    kind: Job.Kind,
    *,
    request: HttpRequest,
    article_ids: Collection[int] = (),
    total: int | None = None,
    selection: str = "",
    **parameters: Any,
) -> Job:
    """Give a new job to the task workers, and write it into the audit log.

    ``selection`` says in words which articles these are, ``parameters`` what the kind needs.
    """
    count = len(article_ids) if total is None else total
    detail = ngettext("%(count)d article", "%(count)d articles", count) % {"count": count}
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            requested_by_id=request.user.pk,
            article_ids=list(article_ids),
            total=count,
            parameters={"selection": selection, **parameters},
        )
        record(
            _ACTIONS.get(kind, AuditEntry.Action.EDIT),
            user=request.user,
            target=job,
            detail=f"{detail}: {selection}" if selection else detail,
            request=request,
        )
        start(job)
    return job
