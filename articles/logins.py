"""What somebody sees who failed to log in too often."""

import math
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

__all__ = ["locked_out"]


def locked_out(
    request: HttpRequest, _response: HttpResponse, credentials: dict[str, Any]
) -> HttpResponse:
    """Return the page (429) that says when the next attempt is possible.

    ``credentials`` are what was typed, for which the attempts are counted.
    """
    failed = AccessAttempt.objects.filter(
        username=credentials.get("username"), ip_address=request.META.get("REMOTE_ADDR")
    )
    last = failed.latest("attempt_time").attempt_time
    opens_at = last + get_cool_off(request)
    response = render(request, "locked.html", {"opens_at": opens_at}, status=429)
    seconds = math.ceil((opens_at - timezone.now()).total_seconds())
    response["Retry-After"] = str(max(1, seconds))
    return response
