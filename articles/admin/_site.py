"""The admin as a whole: its name, and what it leaves out."""

import django_tasks_db.admin  # noqa: F401 - registers what is taken out here
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

admin.site.site_header = admin.site.site_title = _("News Archive")
admin.site.index_title = _("The editor's desk")
admin.site.enable_nav_sidebar = False  # the sections stand in the masthead, as on the pages
# Runs and jobs tell what people want to know of background work.
admin.site.unregister(DBTaskResult)
