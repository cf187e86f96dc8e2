"""The public pages: an app of its own, so that Django finds its templates and static files."""

from django.apps import AppConfig


class Web(AppConfig):
    name = "social.web"
    label = "web"
