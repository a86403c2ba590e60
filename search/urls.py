"""The addresses of searching."""

from django.urls import path, re_path

from search import views

urlpatterns = [
    path("search/", views.search, name="search"),
    re_path(r"^search/export\.(?P<ending>csv|jsonl|bib)$", views.export, name="search-export"),
    path("search/suggest", views.suggest, name="suggest"),
    path("healthz", views.healthz, name="healthz"),
]
