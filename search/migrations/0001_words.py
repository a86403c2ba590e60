"""The editors' own words, and who may change them."""

from django.contrib.auth.management import create_permissions
from django.db import migrations, models

GROUPS = {
    "reader of drafts": ["view_word"],
    "editor": ["view_word", "add_word", "delete_word"],
}


def add_permissions(apps, schema_editor):
    """Give the groups that are there what they lack."""
    _create_permissions(apps, schema_editor.connection.alias)
    permission_model = apps.get_model("auth", "Permission")
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GROUPS):
        group.permissions.add(
            *permission_model.objects.filter(
                content_type__app_label="search", codename__in=GROUPS[group.name]
            )
        )


def _create_permissions(apps, alias):
    """Django makes permissions after the last migration; these are needed now."""
    app_config = apps.get_app_config("search")
    app_config.models_module = True  # else it is taken for an app without models
    create_permissions(app_config, apps=apps, using=alias, verbosity=0)
    app_config.models_module = None


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("articles", "0004_groups"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="Word",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.CharField(max_length=20, verbose_name="word")),
                ("folded", models.CharField(editable=False, max_length=20, unique=True)),
                ("added_at", models.DateTimeField(auto_now_add=True, verbose_name="added")),
            ],
            options={
                "verbose_name": "own word",
                "verbose_name_plural": "own words",
                "ordering": ["-pk"],
            },
        ),
        migrations.RunPython(add_permissions, migrations.RunPython.noop),
    ]
