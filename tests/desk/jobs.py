"""Asking for jobs at the desk, and doing them as a task worker would."""

import re
from collections.abc import Collection
from typing import Any

from django.test import Client

from articles import tasks
from articles.models import Article, Job

LIST = "/admin/articles/article/"


def asked(
    client: Client, action: str, articles: Collection[Article], *, query: str = "", **more: str
) -> Any:
    """Choose an action for ticked articles; with ``select_across="1"`` for all that are found."""
    data = {
        "action": action,
        "index": "0",
        "_selected_action": [str(article.pk) for article in articles],
        **more,
    }
    return client.post(f"{LIST}{query}", data)


def confirmed(client: Client, page: Any, **more: str) -> Any:
    """Send the form of the page that asks before a job is made."""
    assert page.status_code == 200
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    data: dict[str, Any] = {}
    for name, value in hidden:
        data.setdefault(name, []).append(value)
    return client.post(page.wsgi_request.get_full_path(), data | more)


def job_of(response: Any) -> Job:
    """Return the job whose page is led to."""
    assert response.status_code == 302, response.content.decode()
    match = re.fullmatch(r"/admin/articles/job/(\d+)/change/", response["Location"])
    assert match, response["Location"]
    return Job.objects.get(pk=match[1])


def do(job: Job) -> Job:
    """Do a job here and now."""
    tasks._do(job)
    job.refresh_from_db()
    return job


def done(response: Any) -> Job:
    """Do the job whose page is led to."""
    return do(job_of(response))
