"""All addresses of the site."""

from django.contrib import admin
from django.contrib.sitemaps.views import index as sitemap_index
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from articles.feeds import LatestFeed, OutletFeed
from articles.sitemaps import SITEMAPS
from newsarchive.api import api
from search.feeds import SearchFeed

urlpatterns = [
    path("", include("articles.urls")),
    path("", include("search.urls")),
    path("feeds/latest.atom", LatestFeed(), name="latest-feed"),
    path("outlets/<slug:slug>/latest.atom", OutletFeed(), name="outlet-feed"),
    path("sitemap.xml", sitemap_index, {"sitemaps": SITEMAPS, "sitemap_url_name": "sitemap"}),
    path("sitemap-<section>.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("feeds/search.atom", SearchFeed(), name="search-feed"),
    path("api/", api.urls),
    path("language/", require_POST(set_language), name="set_language"),
    path("admin/", admin.site.urls),
]
