"""The three groups of people at the editor's desk."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

DRAFTS = [
    "view_article",
    "view_capture",
    "view_historicalarticle",
    "view_importproblem",
    "view_importrun",
    "view_job",
    "view_outlet",
    "view_outletalias",
]
GROUPS = {
    "reader of drafts": DRAFTS,
    "editor": [
        *DRAFTS,
        "add_article",
        "change_article",
        "delete_article",
        "add_outlet",
        "change_outlet",
        "add_outletalias",
        "change_outletalias",
        "delete_outletalias",
    ],
    "importer": [
        "import_articles",
        "add_importrun",
        "view_article",
        "view_capture",
        "view_importproblem",
        "view_importrun",
        "view_outlet",
    ],
}


def add_groups(apps, schema_editor):
    """Make the groups, or give those that exist what they lack."""
    _create_permissions(apps, schema_editor.connection.alias)
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    for name, codenames in GROUPS.items():
        group, _created = group_model.objects.get_or_create(name=name)
        permissions = permission_model.objects.filter(
            content_type__app_label="articles", codename__in=codenames
        )
        assert len(permissions) == len(codenames), name
        group.permissions.add(*permissions)


def _create_permissions(apps, alias):
    """Django makes permissions after the last migration; these are needed now."""
    app_config = apps.get_app_config("articles")
    app_config.models_module = True  # else it is taken for an app without models
    create_permissions(app_config, apps=apps, using=alias, verbosity=0)
    app_config.models_module = None


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0003_editors_desk"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(add_groups, migrations.RunPython.noop)]
