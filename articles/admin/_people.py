"""Users and groups in the admin: who may what is said by groups."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField, Q, QuerySet
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest

from articles.admin._audit import AuditedMixin
from articles.groups import group_label, permission_label

_account, _personal, (_permissions, _), _dates = UserAdmin.fieldsets or ()


class _GroupsField(ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return group_label(obj)


class _PermissionsField(ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return permission_label(obj)


class DeskUserAdmin(AuditedMixin, UserAdmin):
    """People: what they may comes from their groups alone."""

    list_display = ("username", "is_active", "is_staff", "is_superuser", "group_list", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    fieldsets = (
        _account,
        _personal,
        (_permissions, {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        _dates,
    )
    add_fieldsets = (
        (None, {"fields": ("username", "password1", "password2")}),
        (_permissions, {"fields": ("is_staff", "groups")}),
    )
    add_form = UserCreationForm
    add_form_template = None  # Django's announces fields that are here already
    filter_horizontal = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Fetch the groups with the people."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Who is made here works here."""
        return {"is_staff": True, **super().get_changeform_initial_data(request)}

    @admin.display(description=User._meta.get_field("groups").verbose_name)
    def group_list(self, user: User) -> str:
        """Return the names of the user's groups."""
        return ", ".join(map(group_label, user.groups.all()))

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField | None:
        """Name the groups in the language of the page."""
        return super().formfield_for_manytomany(
            db_field, request, form_class=_GroupsField, widget=CheckboxSelectMultiple, **kwargs
        )


class DeskGroupAdmin(AuditedMixin, GroupAdmin):
    """Groups: what each permits, of what belongs to the archive."""

    list_display = ("label",)
    filter_horizontal = ()

    @admin.display(description=Group._meta.verbose_name, ordering="name")
    def label(self, group: Group) -> str:
        """Return the group's name in the language of the page."""
        return group_label(group)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest | None = None, **kwargs: Any
    ) -> ModelMultipleChoiceField | None:
        """Offer the permissions that something at the desk asks for."""
        changeable = ("article", "outlet", "outletalias", "importrun", "user", "group")
        permissions = Permission.objects.select_related("content_type").filter(
            Q(codename__startswith="view_") | Q(content_type__model__in=changeable),
            content_type__app_label__in=("articles", "auth"),
        )
        return super().formfield_for_manytomany(
            db_field,
            request,
            form_class=_PermissionsField,
            widget=CheckboxSelectMultiple,
            queryset=permissions,
            **kwargs,
        )


# auth registers its own when its admin module is imported, which happened above.
for _model, _admin in ((User, DeskUserAdmin), (Group, DeskGroupAdmin)):
    admin.site.unregister(_model)
    admin.site.register(_model, _admin)
