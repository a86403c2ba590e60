"""All addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from newsarchive.api import api
from search.feeds import SearchFeed

urlpatterns = [
    path("", include("articles.urls")),
    path("", include("search.urls")),
    path("feeds/search.atom", SearchFeed(), name="search-feed"),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
]
