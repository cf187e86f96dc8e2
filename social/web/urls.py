"""Every public page."""

from django.urls import path

from social.web import views

urlpatterns = [
    path("", views.index),
    path("favicon.ico", views.icon),
    path("@<str:handle>", views.profile),
    path("@<str:handle>/feed.atom", views.feed),
    path("@<str:handle>/<str:name>", views.post),
    path("tags/<str:tag>", views.tag),
    path("authorize_interaction", views.interaction),
]
