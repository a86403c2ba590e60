"""All addresses of the site."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.contrib.sitemaps.views import index as sitemap_index
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from articles.feeds import LatestFeed, OutletFeed
from articles.sitemaps import SITEMAPS, robots
from newsarchive.api import api
from search.feeds import SearchFeed

urlpatterns = [
    path("", include("articles.urls")),
    path("", include("search.urls")),
    path("feeds/latest.atom", LatestFeed(), name="latest-feed"),
    path("outlets/<slug:slug>/latest.atom", OutletFeed(), name="outlet-feed"),
    path(
        "sitemap.xml",
        sitemap_index,
        {"sitemaps": SITEMAPS, "sitemap_url_name": "sitemap"},
        name="sitemaps",
    ),
    path("sitemap-<section>.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("feeds/search.atom", SearchFeed(), name="search-feed"),
    path("robots.txt", robots, name="robots"),
    path("api/", api.urls),
    path("login/", LoginView.as_view(template_name="login.html"), name="login"),
    path("logout/", LogoutView.as_view(next_page="front"), name="logout"),
    path("admin/", admin.site.urls),
]
