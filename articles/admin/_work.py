"""Background work in the admin: watched, cancelled, continued."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from articles.admin._readonly import ReadOnlyMixin
from articles.auditing import record
from articles.models import AuditEntry, Work
from articles.progress import Progress, as_json
from articles.tasks import start
from articles.work import claimed, finish

__all__ = ["View", "WorkAdmin"]

View = Callable[..., HttpResponseBase]


class WorkAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """The admin of a kind of ``Work``; those below say who may steer it and how far it is."""

    continued = AuditEntry.Action.EDIT
    page_template: str

    def may_steer(self, request: HttpRequest, work: Any) -> bool:
        """Tell whether this person may cancel and continue ``work``."""
        raise NotImplementedError

    def progress(self, work: Any) -> Progress:
        """Return how far ``work`` is."""
        raise NotImplementedError

    def texts(self, work: Any) -> dict[str, str]:
        """Return what else the page of unfinished ``work`` keeps up to date, by name."""
        return {}

    def details(self, request: HttpRequest, work: Any) -> dict[str, Any]:
        """Return what ``page_template`` shows besides what it shows of all work."""
        raise NotImplementedError

    def obstacle(self, work: Any) -> str:
        """Return why ``work``, which has stopped, cannot be continued; "" where it can."""
        return ""

    def views(self) -> dict[str, View]:
        """Return the views of one piece of work by the last part of their addresses."""
        return {
            "progress": require_safe(self.progress_view),
            "cancel": require_POST(self.cancel_view),
            "continue": require_POST(self.continue_view),
        }

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the views before the admin's own."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            *(
                path(
                    f"<id:pk>/{part}/",
                    self.admin_site.admin_view(view),
                    name=f"{name}_{part.replace('-', '_')}",
                )
                for part, view in self.views().items()
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how far the work is, and what can be done with it."""
        work = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, work):
            raise PermissionDenied
        if work is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
                request, self.opts, object_id
            )
        may = self.may_steer(request, work)
        has_stopped = not work.is_unfinished and work.status != Work.Status.FINISHED
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "work": work,
            "progress": self.progress(work),
            "progress_url": self._address(work, "progress"),
            "may_cancel": may and work.is_unfinished and not work.cancel_requested,
            "may_continue": may and has_stopped,
            **self.details(request, work),
        }
        return TemplateResponse(request, self.page_template, context)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Tell the script of the work's page how far it is."""
        work = self.work(request, pk)
        return JsonResponse(as_json(work, self.progress(work), **self.texts(work)))

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have the work stop after what it is at; what is done stays done."""
        work = self.work(request, pk, to_steer=True)
        if work.is_unfinished:
            type(work)._default_manager.filter(pk=pk).update(cancel_requested=True)
            record(AuditEntry.Action.CANCEL, user=request.user, target=work, request=request)
            with claimed(work) as nobody_does_it:
                if nobody_does_it:
                    finish(work, Work.Status.CANCELLED)
        return self.to_page(work)

    def continue_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have work that was stopped, or could not go on, do the rest."""
        work = self.work(request, pk, to_steer=True)
        if work.is_unfinished or work.status == Work.Status.FINISHED:
            messages.info(request, _("There is nothing to continue."))
        elif obstacle := self.obstacle(work):
            messages.error(request, obstacle)
        else:
            record(
                self.continued,
                user=request.user,
                target=work,
                detail=_("continued"),
                request=request,
            )
            start(work)
        return self.to_page(work)

    def work(self, request: HttpRequest, pk: int, *, to_steer: bool = False) -> Any:
        """Return the work, or raise PermissionDenied or Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        work = get_object_or_404(self.get_queryset(request), pk=pk)
        if to_steer and not self.may_steer(request, work):
            raise PermissionDenied
        return work

    def to_page(self, work: Work) -> HttpResponse:
        """Lead to the work's page."""
        return redirect(self._address(work, "change"))

    def _address(self, work: Work, view: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{view}", args=[work.pk])
