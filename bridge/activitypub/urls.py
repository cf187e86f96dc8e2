"""Everything that speaks ActivityPub, and how it is found. The most exact path comes first."""

from django.urls import URLPattern, path

from bridge.activitypub import discovery, documents, listings
from bridge.activitypub.views import inbox

urlpatterns: list[URLPattern] = [
    path(".well-known/webfinger", discovery.webfinger),
    path(".well-known/host-meta", discovery.host_meta),
    path(".well-known/host-meta.json", discovery.host_meta_json),
    path(".well-known/nodeinfo", discovery.nodeinfo_links),
    path("nodeinfo/2.0", discovery.nodeinfo, {"version": "2.0"}),
    path("nodeinfo/2.1", discovery.nodeinfo, {"version": "2.1"}),
    path("inbox", inbox),
    path("ap/actor", documents.instance),
    path("ap/actor/inbox", inbox),
    path("ap/actor/outbox", listings.instance_outbox),
    path("ap/u/<str:key>", documents.actor),
    path("ap/u/<str:key>/inbox", inbox),
    path("ap/u/<str:key>/outbox", listings.outbox),
    path("ap/u/<str:key>/followers", listings.followers),
    path("ap/u/<str:key>/followers_synchronization", listings.synchronization),
    path("ap/u/<str:key>/following", listings.following),
    path("ap/u/<str:key>/featured", listings.featured),
    path("ap/u/<str:key>/moderators", listings.moderators),
    path("ap/o/<str:name>", documents.post),
    path("ap/o/<str:name>/create", documents.create),
    path("ap/o/<str:name>/update/<str:edit>", documents.update),
    path("ap/o/<str:name>/delete", documents.delete),
    path("ap/o/<str:name>/replies", listings.replies),
    path("ap/o/<str:name>/context", listings.context),
    path("ap/o/<str:name>/likes", listings.likes),
    path("ap/o/<str:name>/shares", listings.shares),
    path("ap/a/<str:name>", documents.act),
    path("ap/a/<str:name>/undo", documents.undo),
    path("ap/stamps/<str:name>", documents.stamp),
    path("ap/", documents.nothing),
    path("ap/<path:rest>", documents.nothing),
]
