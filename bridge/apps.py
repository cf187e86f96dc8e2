"""The edges. Loading it loads the Celery app, so that `ring` finds its broker."""

from django.apps import AppConfig


class Bridge(AppConfig):
    name = "bridge"

    def ready(self) -> None:
        from bridge import celery, checks  # noqa: F401  registers the app and the system checks
