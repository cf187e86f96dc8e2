"""Quotes with the consent of whom they quote: who may, what was allowed, and taking it back.

A quote is shown as one where its author quotes themselves, or where the quoted author's stamp says
that this post may quote that one. Whatever else a post claims, it shows a link.
"""

import hashlib
from collections.abc import Collection
from dataclasses import replace

from django.db.models import Exists, OuterRef, Q, QuerySet

from social import once, policy, profiles
from social.acts import (
    OPEN,
    Act,
    AllowQuote,
    AskQuote,
    Block,
    BlockHost,
    Publish,
    RefuseQuote,
    Revise,
)
from social.models import Actor, Delivery, Post, Stamp, Tombstone, shut_out
from social.policy import Refused

_WIDER = ("public", "followers", "ask", "nobody")  # each is for fewer than those before it


# ---- what may stand


def shown(posts: Collection[Post], viewer: Actor | None = None) -> dict[int, Post]:
    """By the key of the post that quotes: what it may show of another. Asks only where one does."""
    quoting = [post for post in posts if post.quote]
    if not quoting:
        return {}
    uris = {post.quote for post in quoting}
    found = Post.objects.visible_to(viewer).filter(uri__in=uris).select_related("author")
    quoted = {post.uri: post for post in found if post.visibility in OPEN}
    shut = {author.pk: _shut(author, found) for author in {post.author for post in quoting}}
    return {
        post.pk: quoted[post.quote]
        for post in quoting
        if post.quote in quoted.keys() - shut[post.author_id]
        and consented(post, quoted[post.quote])
    }


def _shut(author: Actor, quoted: QuerySet[Post]) -> set[str]:
    """What is by those of whom its author, somebody here, wants nothing by now."""
    if not author.is_local:
        return set()
    return set(quoted.filter(shut_out("author__", author=author)).values_list("uri", flat=True))


def consented(post: Post, quoted: Post) -> bool:
    return bool(post.stamp) or post.author_id == quoted.author_id


def allowed(asker: Actor, quoted: Post) -> bool:
    """By what the post says of itself and what its author wants by now, whichever is narrower."""
    author = quoted.author
    if asker == author:
        return True
    if quoted.visibility not in OPEN or policy.blocked_between(asker, author):
        return False
    match max(quoted.quotable or "public", author.quotes, key=_WIDER.index):
        case "public":
            return True
        case "followers":
            return asker.follows_out.filter(target=author, state="accepted").exists()
        case _:
            return False


def stands(stamp: str, *, quoting: str, quoted: str) -> bool:
    """Whether somebody here gave it, for just this."""
    return Stamp.objects.filter(uri=stamp, quoting=quoting, post__uri=quoted).exists()


def stamp_of(act: AskQuote, quoted: Post) -> str:
    """One for each pair of posts: what was taken back is not given again."""
    digest = hashlib.sha256(f"{quoted.uri} {act.quoting}".encode()).hexdigest()[:32]
    origin = quoted.author.uri.split("/ap/u/", 1)[0]
    return f"{origin}/ap/stamps/{digest}"


# ---- what follows by itself


def answers(act: Publish | AskQuote | AllowQuote | RefuseQuote) -> list[Act]:
    match act:
        case Publish():
            return _request(act) if act.content.quote else []
        case AskQuote():
            return _decided(act)
        case AllowQuote():
            return _changed(act, act.stamp)
        case RefuseQuote():
            return _changed(act, "")


def _request(act: Publish) -> list[Act]:
    """Our people ask where there is somebody to answer; what is not open is shown to nobody."""
    quoted, author = _post(act.content.quote), _actor(act.author)
    if quoted is None or author is None or not author.is_local or act.visibility not in OPEN:
        return []
    answered = quoted.author.is_local or quoted.quotable not in {"", "nobody"}
    if act.content.stamp or quoted.author == author or not answered:
        return []
    uri = f"{act.post}#quote"
    return [
        AskQuote(author=act.author, post=quoted.uri, quoting=act.post, uri=uri, at=act.published)
    ]


def _decided(act: AskQuote) -> list[Act]:
    quoted, asker = _post(act.post), _actor(act.author)
    if quoted is None or asker is None or not quoted.author.is_local:
        return []
    stamp = stamp_of(act, quoted)
    values = {"asker": act.author, "post": act.post, "quoting": act.quoting, "uri": act.uri}
    author = quoted.author.uri
    if allowed(asker, quoted) and not taken_away(stamp):
        return [AllowQuote(author=author, stamp=stamp, at=act.at, **values)]
    return [RefuseQuote(author=author, stamp="", at=act.at, **values)]


def _changed(act: AllowQuote | RefuseQuote, stamp: str) -> list[Act]:
    """A post by somebody here says from now on that it may quote, or quotes no more."""
    post = _quoting(act)
    if post is None or not post.author.is_local or (stamp and post.stamp == stamp):
        return []
    now = profiles.publish_of(post)
    quote = now.content.quote if stamp else ""
    now = replace(now, content=replace(now.content, stamp=stamp, quote=quote))
    digest = hashlib.sha256(f"{act.stamp} {act.uri} {stamp}".encode()).hexdigest()[:24]
    updated = max(act.at, post.updated or post.published)
    return [
        Revise(author=now.author, now=now, uri=f"{now.post}/update/quote.{digest}", updated=updated)
    ]


def parting(author: Actor, act: Block | BlockHost) -> list[Act]:
    """Whoever is blocked quotes no longer."""
    if not author.is_local:
        return []
    given = Stamp.objects.filter(post__author=author).select_related("post__author", "by")
    if isinstance(act, Block):
        found = given.filter(by__uri=act.target)
    else:
        found = given.filter(shut_out("by__", author=author), by__owner=None)
    return [refusal(stamp, act.at) for stamp in found]


def refusal(stamp: Stamp, at: int) -> RefuseQuote:
    return RefuseQuote(
        author=stamp.post.author.uri,
        asker=stamp.by.uri,
        post=stamp.post.uri,
        quoting=stamp.quoting,
        uri="",
        stamp=stamp.uri,
        at=at,
    )


# ---- record


def record(act: AskQuote | AllowQuote | RefuseQuote) -> bool:
    once.forget()
    match act:
        case AskQuote():
            given = Stamp.objects.filter(quoting=act.quoting, post__uri=act.post)
            return not (given.exists() or Delivery.objects.filter(document=act.uri).exists())
        case AllowQuote():
            return _allow(act)
        case RefuseQuote():
            return _refuse(act)


def _allow(act: AllowQuote) -> bool:
    author = _actor(act.author)
    if author is None or taken_away(act.stamp):
        raise Refused("it was taken back already")
    if not author.is_local:
        if _quoting(act) is None and not _prove(act):
            raise Refused("no quote waits for this answer")
        return True  # a post by somebody here says so itself, see `answers`
    quoted, asker = _post(act.post), _actor(act.asker)
    if quoted is None or asker is None or quoted.author != author:
        raise Refused("the quoted post is not known here")
    values = {"post": quoted, "quoting": act.quoting, "by": asker, "at": act.at}
    Stamp.objects.get_or_create(uri=act.stamp, defaults=values)
    return True  # whoever asks again may have lost the answer


def _prove(act: AllowQuote) -> bool:
    """A post by somebody elsewhere, of whose right we learned after it had come."""
    mine = Post.objects.filter(uri=act.post, author__uri=act.author).values("uri")
    rows = Post.objects.filter(uri=act.quoting, author__uri=act.asker, author__owner=None)
    return bool(rows.filter(quote__in=mine, deleted=None).update(stamp=act.stamp, proven=act.at))


def unseen() -> QuerySet[Post]:
    """Quotes by people elsewhere that may stand, while what they quote is not known here."""
    rows = Post.objects.filter(deleted=None, author__owner=None, visibility__in=OPEN)
    marked = rows.exclude(stamp="").exclude(quote="")
    return marked.exclude(Exists(_quoted_by_it())).order_by("-published")


def unproven(since: int) -> QuerySet[Post]:
    """By people elsewhere since then, of which nobody knows yet whether they may, newest first."""
    rows = Post.objects.filter(deleted=None, author__owner=None, visibility__in=OPEN, stamp="")
    return rows.filter(published__gt=since).exclude(quote="").order_by("-published")


def _quoted_by_it() -> QuerySet[Post]:
    return Post.objects.filter(uri=OuterRef("quote"))


def _refuse(act: RefuseQuote) -> bool:
    ours = _quoting(act) is not None
    if not act.stamp:
        author = _actor(act.author)
        return ours or (author is not None and author.is_local)
    given = Stamp.objects.filter(uri=act.stamp, post__author__uri=act.author).delete()[0]
    Tombstone.objects.get_or_create(uri=act.stamp, defaults={"author": act.author, "at": act.at})
    return bool(unmark(act.stamp, act.author) or given or ours)


def unmark(stamp: str, author: str) -> int:
    """Posts by others elsewhere lose it at once; those by people here say so themselves. Whose the
    quoted post is nobody can tell where it is not known, as after a loss: whoever could say this
    is of the stamp's own server.
    """
    rows = Post.objects.filter(stamp=stamp, author__owner=None)
    quoted = Post.objects.filter(author__uri=author).values("uri")
    return rows.filter(Q(quote__in=quoted) | ~Exists(_quoted_by_it())).update(stamp="")


def lapse(quoted: str) -> bool:
    """A post that is not known here was deleted: whether something had the right to show it."""
    rows = Post.objects.filter(quote=quoted, author__owner=None).exclude(stamp="")
    return bool(rows.update(stamp=""))


def lapsed(post: Post, at: int) -> RefuseQuote:
    """It quotes what is nowhere any more, and is not known here."""
    return RefuseQuote(
        author=post.author.uri,
        asker=post.author.uri,
        post=post.quote,
        quoting=post.uri,
        uri="",
        stamp=post.stamp,
        at=at,
    )


def mark(post: str, author: str, stamp: str) -> None:
    """In a rebuild: as a room remembers it."""
    Post.objects.filter(uri=post, author__uri=author).exclude(quote="").update(stamp=stamp)


def believed(act: Act, stamp: str) -> Act:
    """In a rebuild: with the stamp that was proven then, whatever a post claims of itself."""
    match act:
        case Publish(content=content):
            return replace(act, content=replace(content, stamp=stamp))
        case Revise(now=now):
            return replace(act, now=replace(now, content=replace(now.content, stamp=stamp)))
        case _:
            return act


def looked_at(post: Post, at: int) -> None:
    """Its stamp still stands."""
    Post.objects.filter(pk=post.pk).update(proven=at)


def to_look_at(now: int, *, age: int, most: int) -> Collection[Post]:
    """Quotes whose stamp nobody looked at for so long, the longest first."""
    old = Q(proven__lt=now - age) | Q(proven=None, published__lt=now - age)
    rows = Post.objects.filter(old, deleted=None).exclude(stamp="").select_related("author")
    return list(rows.order_by("proven", "published")[:most])


def _quoting(act: AllowQuote | RefuseQuote) -> Post | None:
    """The post by somebody here that still quotes one of the author's."""
    rows = Post.objects.filter(uri=act.quoting, author__owner__isnull=False, deleted=None)
    post = rows.exclude(quote="").select_related("author").first()
    quoted = _post(post.quote) if post else None
    if quoted is None or quoted.author.uri != act.author or act.post not in {"", quoted.uri}:
        return None
    return post


def taken_away(stamp: str) -> bool:
    return Tombstone.objects.filter(uri=stamp).exists()


def _post(uri: str) -> Post | None:
    return Post.objects.filter(uri=uri, deleted=None).select_related("author").first()


def _actor(uri: str) -> Actor | None:
    return Actor.objects.filter(uri=uri).first()
