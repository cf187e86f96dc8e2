"""The index: everything here can be rebuilt from the rooms, except rows still waiting in a queue.

Times are milliseconds since 1970 (UTC), as in `social.acts`; only the queues use real datetimes.
Writes go through `actions.py` and `outbox.py`; reads for a person go through `visible_to`.
"""

from social.models.actors import Actor, ActorQuerySet, Backlink
from social.models.moderation import Instance, Report, Site
from social.models.posts import Post, PostQuerySet, Tombstone, Version
from social.models.queues import Delivery, Queued
from social.models.relations import (
    Block,
    Follow,
    FormerReader,
    HostBlock,
    Mute,
    MuteQuerySet,
    shut_out,
    shutting_out,
)
from social.models.responses import Boost, Decision, Pin, Reaction, Stamp, Vote

__all__ = [
    "Actor",
    "ActorQuerySet",
    "Backlink",
    "Block",
    "Boost",
    "Decision",
    "Delivery",
    "Follow",
    "FormerReader",
    "HostBlock",
    "Instance",
    "Mute",
    "MuteQuerySet",
    "Pin",
    "Post",
    "PostQuerySet",
    "Queued",
    "Reaction",
    "Report",
    "Site",
    "Stamp",
    "Tombstone",
    "Version",
    "Vote",
    "shut_out",
    "shutting_out",
]
