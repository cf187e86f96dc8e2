"""What an actor next door can be told to do; each verb signs, sends and tells how it went."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from bridge.demo.neighbour import cast, manners, signing
from bridge.demo.neighbour.cast import PUBLIC, Actor, Json
from bridge.demo.neighbour.courier import Courier, Delivered, Unreachable
from bridge.demo.neighbour.manners import id_of, ids_of, wide_inbox
from bridge.demo.neighbour.world import World


@dataclass(frozen=True, slots=True)
class Sent:
    activity: Json
    deliveries: list[Delivered]


class Impossible(Exception):
    """The order makes no sense here; the text says why."""


class Verbs:
    def __init__(self, world: World, courier: Courier) -> None:
        self.world, self.courier = world, courier
        self._sent: dict[str, tuple[Json, list[str]]] = {}
        self.all: Mapping[str, Callable[..., Awaitable[Sent]]] = {
            "follow": self.follow,
            "unfollow": self.unfollow,
            "post": self.post,
            "update": self.update,
            "delete": self.delete,
            "like": self.like,
            "react": self.react,
            "boost": self.boost,
            "undo": self.undo,
            "block": self.block,
            "accept": self.accept,
            "reject": self.reject,
            "update_profile": self.update_profile,
            "delete_actor": self.delete_actor,
            "resend": self.resend,
            "look": self.look,
            "raw": self.raw,
        }

    # Relationships.

    async def follow(self, actor: Actor, target: str) -> Sent:
        document = await self.courier.find(target)
        uri = str(document["id"])
        activity = cast.activity(actor, "Follow", uri)
        # Before it is sent: the Accept may come back while we still wait for the answer.
        actor.following[uri] = activity["id"]
        return await self._send(actor, activity, [str(document["inbox"])])

    async def unfollow(self, actor: Actor, target: str) -> Sent:
        document = await self.courier.find(target)
        uri = str(document["id"])
        actor.accepted.discard(uri)
        follow = cast.activity(actor, "Follow", uri, id=actor.following.pop(uri, None))
        return await self._undo(actor, follow, [str(document["inbox"])])

    async def block(self, actor: Actor, target: str) -> Sent:
        document = await self.courier.find(target)
        uri = str(document["id"])
        actor.blocked.add(uri)
        actor.followers.pop(uri, None)
        actor.following.pop(uri, None)
        actor.accepted.discard(uri)
        activity = cast.activity(actor, "Block", uri)
        return await self._send(actor, activity, [str(document["inbox"])])

    async def accept(self, actor: Actor, follower: str) -> Sent:
        uri = str((await self.courier.find(follower))["id"])
        follow = actor.asking.get(uri)
        if follow is None:
            raise Impossible(f"{uri} has not asked {actor.id}")
        activity, delivered = await manners.accept(self.courier, actor, follow)
        return Sent(activity, delivered)

    async def reject(self, actor: Actor, follower: str) -> Sent:
        """Refuses who asks and removes who follows."""
        document = await self.courier.find(follower)
        uri = str(document["id"])
        actor.followers.pop(uri, None)
        follow = actor.asking.pop(uri, None)
        refused = follow or {"type": "Follow", "actor": uri, "object": actor.id}
        activity = cast.activity(actor, "Reject", refused)
        return await self._send(actor, activity, [str(document["inbox"])])

    # Posts.

    async def post(
        self,
        actor: Actor,
        *,
        text: str = "",
        html: str = "",
        to: cast.Audience = "public",
        mentions: Iterable[str] = (),
        reply_to: str = "",
        cw: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> Sent:
        """`extra` overrules fields of the note: attachments, polls, oddities."""
        named = [await self.courier.find(target) for target in mentions]
        if reply_to:
            named = await self._with_author(reply_to, named)
        note = cast.note(actor, to, html or cast.paragraph(text), named)
        note["inReplyTo"] = reply_to or None
        if cw:
            note |= {"summary": cw, "sensitive": True}
        note |= extra or {}
        self.world.objects[note["id"]] = note
        activity = cast.activity(actor, "Create", note, to=note["to"], cc=note["cc"])
        actor.outbox.append(activity)
        return await self._send(actor, activity, await self._inboxes(actor, note))

    async def update(
        self,
        actor: Actor,
        post: str,
        *,
        text: str = "",
        html: str = "",
        cw: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> Sent:
        old = self._own(actor, post)
        new = {**old, "content": html or cast.paragraph(text), "updated": cast.moment()}
        if cw:
            new |= {"summary": cw, "sensitive": True}
        new |= extra or {}
        self.world.objects[post] = new
        for activity in actor.outbox:
            if id_of(activity["object"]) == post:
                activity["object"] = new
        activity = cast.activity(actor, "Update", new, to=new["to"], cc=new["cc"])
        return await self._send(actor, activity, await self._inboxes(actor, new))

    async def delete(self, actor: Actor, post: str) -> Sent:
        old = self._own(actor, post)
        self.world.objects[post] = cast.tombstone(post)
        actor.outbox = [one for one in actor.outbox if id_of(one["object"]) != post]
        stone = {"id": post, "type": "Tombstone"}
        activity = cast.activity(actor, "Delete", stone, to=old["to"], cc=old["cc"])
        return await self._send(actor, activity, await self._inboxes(actor, old))

    # Others' posts.

    async def like(self, actor: Actor, post: str) -> Sent:
        return await self._to_author(actor, cast.activity(actor, "Like", post), post)

    async def react(
        self, actor: Actor, post: str, emoji: str, *, style: str = "EmojiReact"
    ) -> Sent:
        """`style`: EmojiReact (FEP-c0e0), or Like with a content, as Misskey says it."""
        activity = cast.activity(actor, style, post, content=emoji)
        if style == "Like":
            activity["_misskey_reaction"] = emoji
        return await self._to_author(actor, activity, post)

    async def boost(self, actor: Actor, post: str) -> Sent:
        author = await self._author(post)
        cc = [actor.follower_list, str(author["id"])]
        activity = cast.activity(actor, "Announce", post, to=[PUBLIC], cc=cc)
        actor.outbox.append(activity)
        inboxes = [*actor.followers.values(), wide_inbox(author)]
        return await self._send(actor, activity, inboxes)

    async def undo(self, actor: Actor, activity: str) -> Sent:
        if activity not in self._sent:
            raise Impossible(f"{activity} was never sent")
        done, inboxes = self._sent[activity]
        actor.outbox = [one for one in actor.outbox if one["id"] != activity]
        if done["type"] == "Block":
            actor.blocked.discard(id_of(done["object"]))
        return await self._undo(actor, done, inboxes)

    async def resend(self, actor: Actor, activity: str) -> Sent:
        if activity not in self._sent:
            raise Impossible(f"{activity} was never sent")
        return await self._send(actor, *self._sent[activity])

    # Oneself.

    async def update_profile(self, actor: Actor, **fields: Any) -> Sent:
        actor.profile |= fields
        document = cast.document(actor)
        activity = cast.activity(actor, "Update", document, to=[PUBLIC])
        return await self._send(actor, activity, await self._acquaintances(actor))

    async def delete_actor(self, actor: Actor) -> Sent:
        activity = cast.activity(actor, "Delete", actor.id, to=[PUBLIC])
        inboxes = await self._acquaintances(actor)
        actor.gone = True
        actor.outbox.clear()
        for uri in self.world.objects:
            if uri.startswith(f"{actor.id}/"):
                self.world.objects[uri] = cast.tombstone(uri)
        return await self._send(actor, activity, inboxes)

    async def look(self, actor: Actor, url: str) -> Sent:
        status, found = await self.courier.look(actor, url)
        return Sent(found, [Delivered(url, status)])

    async def raw(
        self,
        actor: Actor,
        inbox: str,
        *,
        activity: Json | None = None,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        late_headers: Mapping[str, str] | None = None,
        sign: signing.Dialect | Literal["none", ""] = "",
        key_id: str = "",
    ) -> Sent:
        """`headers` are signed where the dialect signs them, `late_headers` spoil what was signed.

        `sign`: cavage, rfc9421, none, or empty for the usual; `body` need not be JSON.
        """
        sent = body.encode() if body is not None else orjson.dumps(activity)
        made = {"content-type": cast.MEDIA_TYPE, **(headers or {})}
        request = signing.Request("POST", inbox, made, sent)
        if sign != "none":
            dialect = sign or self.world.settings.sends
            made = signing.sign(dialect, actor.key, key_id or actor.key_id, request)
        made = {**made, **(late_headers or {})}
        return Sent(activity or {}, [await self.courier.post(inbox, sent, made)])

    # Common to all.

    async def _send(self, actor: Actor, activity: Json, inboxes: Iterable[str]) -> Sent:
        reached = list(dict.fromkeys(inboxes))
        self._sent[activity["id"]] = (activity, reached)
        return Sent(activity, await self.courier.deliver(actor, reached, activity))

    async def _undo(self, actor: Actor, done: Json, inboxes: Iterable[str]) -> Sent:
        inner = {key: value for key, value in done.items() if key != "@context"}
        return await self._send(actor, cast.activity(actor, "Undo", inner), inboxes)

    async def _to_author(self, actor: Actor, activity: Json, post: str) -> Sent:
        author = await self._author(post)
        activity["to"] = [author["id"]]
        return await self._send(actor, activity, [str(author["inbox"])])

    async def _author(self, post: str) -> Json:
        found = self.world.seen.get(post) or self.world.objects.get(post)
        found = found or await self.courier.fetch(post)
        return await self.courier.actor(ids_of(found.get("attributedTo"))[0])

    async def _with_author(self, post: str, named: list[Json]) -> list[Json]:
        """Who answers mentions whom is answered, as every client does."""
        author = await self._author(post)
        return named if any(one["id"] == author["id"] for one in named) else [author, *named]

    async def _inboxes(self, actor: Actor, note: Json) -> list[str]:
        found = []
        audience = [*ids_of(note["to"]), *ids_of(note["cc"])]
        direct = PUBLIC not in audience and actor.follower_list not in audience
        if actor.follower_list in audience:
            found += list(actor.followers.values())
        for uri in audience:
            if uri not in (PUBLIC, actor.follower_list, actor.id):
                document = await self.courier.actor(uri)
                found.append(str(document["inbox"]) if direct else wide_inbox(document))
        return found

    async def _acquaintances(self, actor: Actor) -> list[str]:
        found = list(actor.followers.values())
        for uri in actor.following:
            try:
                found.append(wide_inbox(await self.courier.actor(uri)))
            except Unreachable:
                continue  # who cannot be found need not be told
        return found

    def _own(self, actor: Actor, post: str) -> Json:
        found = self.world.objects.get(post)
        if not found or found.get("attributedTo") != actor.id:
            raise Impossible(f"{post} is no post of {actor.id}")
        return found
