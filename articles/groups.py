"""The three groups of people at the editor's desk, as pages name them.

A migration makes the groups under their English names; a superuser may change what they permit.
"""

from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_lazy as _

__all__ = ["group_label", "permission_label"]

_GROUPS = {
    "reader of drafts": _("reader of drafts"),
    "editor": _("editor"),
    "importer": _("importer"),
}
_ACTIONS = {
    "add": _("add"),
    "change": _("change"),
    "delete": _("delete"),
    "view": _("view"),
    "import": _("import"),
}


def group_label(group: Group) -> str:
    """Return the group's name in the language of the page; its own where we did not make it."""
    return str(_GROUPS.get(group.name, group.name))


def permission_label(permission: Permission) -> str:
    """Return what the permission permits, such as “outlet · change”."""
    action = permission.codename.partition("_")[0]
    return f"{permission.content_type.name} · {_ACTIONS.get(action, permission.name)}"
