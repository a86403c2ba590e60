"""The addresses of searching."""

from django.urls import path

from search import views

urlpatterns = [
    path("search/", views.search, name="search"),
    path("search/suggest", views.suggest, name="suggest"),
    path("healthz", views.healthz, name="healthz"),
]
