"""Who may what, in tests."""

from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType

__all__ = ["allow"]


def allow(user: User, *codenames: str) -> None:
    """Give ``user`` these permissions on the archive's models.

    A test with real transactions may leave nothing of what migrations made, so they are made again.
    """
    ContentType.objects.clear_cache()
    for codename in codenames:
        model = codename.rpartition("_")[2].replace("articles", "importrun")
        app = "search" if model == "word" else "articles"
        kind, _ = ContentType.objects.get_or_create(app_label=app, model=model)
        permission, _ = Permission.objects.get_or_create(
            codename=codename, content_type=kind, defaults={"name": codename}
        )
        user.user_permissions.add(permission)
