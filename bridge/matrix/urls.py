"""Paths that only the homeserver calls."""

from django.urls import path, re_path

from bridge.matrix import views

APP = "_matrix/app/v1"

urlpatterns = [
    path(f"{APP}/transactions/<path:txn>", views.transactions),
    path(f"{APP}/users/<path:user>", views.users),
    path(f"{APP}/rooms/<path:alias>", views.aliases),
    path(f"{APP}/ping", views.ping),
    re_path(r"^_matrix/app/(?P<path>.*)$", views.unknown),
]
