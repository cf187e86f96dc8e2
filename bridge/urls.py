"""The whole URL map on one page."""

from django.urls import URLPattern, URLResolver, include, path

from bridge import admin, health

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez),
    path("health", health.health),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("admin/", admin.site.urls),
    path("", include("bridge.matrix.urls")),
    path("", include("bridge.activitypub.urls")),
    path("", include("social.web.urls")),
]
