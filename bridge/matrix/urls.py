"""Paths that only the homeserver calls, and the files of posts."""

from django.urls import path, re_path

from bridge.matrix import media, proxy, views

APP = "_matrix/app/v1"

urlpatterns = [
    path("media/of/<int:key>/<str:mark>", proxy.of_post),
    path("media/face/<int:key>/<str:mark>", proxy.face),
    path("media/<str:name>/<str:server>/<str:key>", media.media),
    path(f"{APP}/transactions/<path:txn>", views.transactions),
    path(f"{APP}/users/<path:user>", views.users),
    path(f"{APP}/rooms/<path:alias>", views.aliases),
    path(f"{APP}/ping", views.ping),
    re_path(r"^_matrix/app/(?P<path>.*)$", views.unknown),
]
