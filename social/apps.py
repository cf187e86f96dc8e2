"""The product: actors, posts, pages. Knows no network."""

from django.apps import AppConfig


class Social(AppConfig):
    name = "social"
