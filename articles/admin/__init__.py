"""The editor's desk."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from articles.admin import _articles, _captures, _imports, _outlets  # noqa: F401

admin.site.site_header = admin.site.site_title = _("News Archive")
admin.site.index_title = _("The editor's desk")
