"""Who did what, when: imports, edits, deletions, logins."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One line of the audit log; written by ``articles.auditing.record``, never changed.

    ``username`` stays when the user is deleted, and is what was typed where a login failed.
    """

    class Action(models.TextChoices):
        """What was done."""

        IMPORT = "import", _("import")
        MEND = "mend", _("mend")
        ADD = "add", _("add")
        EDIT = "edit", _("edit")
        RESTORE = "restore", _("restore")
        HIDE = "hide", _("hide")
        PUBLISH = "publish", _("publish")
        DELETE = "delete", _("delete")
        EXPORT = "export", _("export")
        MERGE = "merge", _("merge")
        CANCEL = "cancel", _("cancel")
        LOGIN = "login", _("log in")
        LOGOUT = "logout", _("log out")
        LOGIN_FAILED = "login-failed", _("failed login")

    at = models.DateTimeField(_("time"), auto_now_add=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
    )
    username = models.CharField(_("user name"), max_length=150, blank=True)
    action = models.CharField(_("action"), max_length=20, choices=Action, db_index=True)
    target = models.CharField(_("target"), max_length=300, blank=True)
    target_url = models.CharField(_("address of the target"), max_length=300, blank=True)
    detail = models.TextField(_("detail"), blank=True)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")

    def __str__(self) -> str:
        return f"{self.username} {self.get_action_display()} {self.target}"
