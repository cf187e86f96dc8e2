"""Polls: how they stand, and when the next thing about them is due. Writes nothing but that.

A poll of ours has its counts from the votes; of another server's we know what it told. In both
cases `Post.poll` is what was told last: new counts are told a while later, all at once.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.crypto import salted_hmac

from social import profiles
from social.acts import NARROWING, Act, Content, Poll, Revise, Tally, Vote
from social.models import Actor, Post
from social.models import Vote as VoteRow
from social.policy import Refused

# From the first new count until it is told with those that follow: a minute in the first hours of a
# poll, later a 200th of its age. Each telling leaves an event in a room, and a poll may live long.
LATER, SHARE = 60_000, 200
_NAMELESS = "voter:"


def kept(poll: Poll | None) -> dict[str, Any] | None:
    """As the column holds it."""
    if poll is None:
        return None
    return asdict(poll) | {"options": [asdict(option) for option in poll.options]}


def due_at(poll: Poll | None, *, told: Mapping[str, Any] | None = None) -> int | None:
    """When something happens to a new poll by itself. One that is over already ends at once, unless
    that was `told`.
    """
    if poll is None or poll.closed is None:
        return poll.closes if poll else None
    return None if told and told["closed"] is not None else poll.closed


def only_counted(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    """Whether two versions of a post ask the same."""
    return before is not None and after is not None and _asked(before) == _asked(after)


def _asked(poll: Mapping[str, Any]) -> tuple[Any, ...]:
    return [option["name"] for option in poll["options"]], poll["multiple"], poll["closes"]


def as_told(act: Revise | Tally, at: int) -> Revise | Tally:
    """An edit that edits nothing tells how a poll goes: many servers send no other sign. And some
    do not say when they edited: new words are an edit all the same, and so is what narrows it.
    """
    post = Post.objects.filter(uri=act.now.post).select_related("author").first()
    poll = act.now.content.poll
    if post is None or post.poll is None or poll is None:
        return act
    narrower = NARROWING.index(act.now.visibility) > NARROWING.index(post.visibility)
    if isinstance(act, Tally):
        new = narrower or _says_something_new(post, act.now.content)
        return as_edit(act) if new else act
    if narrower:
        return act
    if poll.closed is not None:  # Akkoma says no more than when it was
        poll = replace(poll, closes=post.poll["closes"])
    if not only_counted(post.poll, kept(poll)):
        return act
    said = replace(profiles.publish_of(post).content, poll=act.now.content.poll)
    return (
        Tally(author=act.author, now=act.now, uri=act.uri, at=at)
        if said == act.now.content
        else act
    )


def _says_something_new(post: Post, now: Content) -> bool:
    """Old counts may come late, with the words from before an edit."""
    if (post.html, post.summary) == (now.html, now.summary):
        return False
    return not post.versions.filter(html=now.html, summary=now.summary).exists()


def as_edit(act: Tally) -> Revise:
    return Revise(author=act.author, now=act.now, uri=act.uri, updated=act.at)


def as_kept(act: Act, kind: str) -> Act:
    """In a rebuild: what a room shows as an edit was one, though it does not say when; and what it
    shows as a post, in the words in which it was counted before it stood there.
    """
    if not isinstance(act, Tally):
        return act
    return as_edit(act) if kind == "update" else act.now


def count(act: Tally) -> bool:
    """How a poll stands, in its author's words. Answers whether anything changed."""
    post = Post.objects.filter(uri=act.now.post, deleted=None).select_related("author").first()
    if post is None or post.poll is None:
        raise Refused("the poll is not known here")
    if post.author.uri != act.author:
        raise Refused("only its author may count a poll")
    told = kept(act.now.content.poll)
    told = told and told | {"closes": post.poll["closes"]}
    if told is None or not only_counted(post.poll, told):
        raise Refused("its answers are not those that were asked")
    return store(post, told, act.at)


def asks_otherwise(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    """Whether answers are others than were: nobody has chosen among these."""
    return bool(before and after) and _asked(before or {})[:2] != _asked(after or {})[:2]


def store(post: Post, told: dict[str, Any], at: int) -> bool:
    """What is closed stays closed."""
    before = (post.poll or {}).get("closed")
    told |= {"closed": before or told["closed"]}
    if told == post.poll:
        return False
    values: dict[str, Any] = {"poll": told}
    if told["closed"] is not None:
        values["poll_due"] = None
    elif not post.author.is_local:  # what we count ourselves, `take` and `vote` have put off
        values["poll_due"] = _later(post, at)
    Post.objects.filter(pk=post.pk).update(**values)
    return True


def _later(post: Post, at: int) -> int:
    """When new counts are told; not after the end, nor later than was decided already."""
    wait = max(LATER, (at - post.published) // SHARE)
    closes = post.poll["closes"] if post.poll else None
    times = [at + wait, closes, post.poll_due]
    return min(time for time in times if time is not None)


# ---- votes


def is_guest(author: str) -> bool:
    """Whether somebody votes who is no actor: only a room here brings their votes."""
    return "://" not in author


def voter(act: Vote) -> str:
    """Tells one voter of a poll from another, and nobody who it is: not even the poll's author,
    whose ledger has it.
    """
    if act.author.startswith(_NAMELESS):
        return act.author
    digest = salted_hmac(act.poll, act.author, algorithm="sha256").hexdigest()
    return f"{_NAMELESS}{digest[:40]}"


def nameless(act: Vote) -> Vote:
    """As it is kept where its author must not be known."""
    return replace(act, author=voter(act), uri="")


def admit(act: Vote, post: Post) -> None:
    poll = profiles.poll_of(post)
    if post.deleted or poll is None:
        raise Refused("the poll is not known here")
    if poll.ended(act.at):
        raise Refused("the poll is closed")
    option = chosen(poll, act.option)
    if not option:
        raise Refused("the poll has no such answer")
    mine = post.votes.filter(voter=voter(act))
    if not (act.ballot or poll.multiple) and mine.exclude(option=option).exists():
        raise Refused("they have voted already, and a vote cannot be changed")


def chosen(poll: Poll, name: str) -> str:
    """The option that a vote names: to the letter, else whatever its case, as GoToSocial reads."""
    names = [option.name for option in poll.options]
    if name in names:
        return name
    alike = [option for option in names if option.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else ""


def vote(act: Vote, author: Actor | None) -> bool:
    post = Post.objects.filter(uri=act.poll, deleted=None).select_related("author").first()
    poll = profiles.poll_of(post) if post else None
    if post is None or poll is None:
        raise Refused("the poll is not known here")
    option = chosen(poll, act.option)
    if not option:
        raise Refused("the poll has no such answer")
    mine = post.votes.filter(voter=voter(act))
    if act.ballot and mine.filter(at__gt=act.at).exists():
        return False  # they have chosen again since
    changed = bool(act.ballot and mine.exclude(option__in=act.ballot).delete()[0])
    row, created = VoteRow.objects.get_or_create(
        post=post, voter=voter(act), option=option, defaults={"author": author, "at": act.at}
    )
    if author and row.author_id is None:
        VoteRow.objects.filter(pk=row.pk).update(author=author)
    if not created and act.ballot:
        VoteRow.objects.filter(pk=row.pk).update(at=act.at)
    if (created or changed) and post.author.is_local and poll.closed is None:
        Post.objects.filter(pk=post.pk).update(poll_due=_later(post, act.at))
    return created or changed


def forget(posts: QuerySet[Post]) -> None:
    VoteRow.objects.filter(post__in=posts).delete()


# ---- what becomes due


def is_put_off(act: object) -> bool:
    """Counts are told a while later; what closes a poll is told at once."""
    if not isinstance(act, Tally) or act.now.content.poll is None:
        return False
    own = Post.objects.filter(uri=act.now.post, author__owner__isnull=False)
    return act.now.content.poll.closed is None and not own.exists()


def due(at: int) -> QuerySet[Post]:
    """Not of who is suspended: that waits until they are no more."""
    shown = Post.objects.filter(deleted=None, author__suspended=False)
    return shown.filter(poll_due__lte=at).select_related("author")


def take(post: Post, at: int) -> bool:
    """Whoever gets it tells it; nobody else does."""
    closes = post.poll["closes"] if post.poll else None
    later = closes if closes is not None and closes > at else None
    return bool(Post.objects.filter(pk=post.pk, poll_due=post.poll_due).update(poll_due=later))


def put_off(post: Post, at: int) -> None:
    """What could not be told is tried again a while later."""
    again = Post.objects.filter(pk=post.pk, poll_due=post.poll_due)
    again.update(poll_due=at + LATER)


def tally(post: Post, at: int, *, closed: int | None = None, uri: str = "") -> Tally:
    """How it stands now, closed where its time is over. Asks for `post.author`."""
    now = profiles.publish_of(post)
    poll = now.content.poll
    if poll and poll.closed is None:
        poll = replace(poll, closed=poll.closes if poll.ended(at) else closed)
    if poll and post.author.is_local:
        poll = _counted(post, poll)
    return Tally(
        author=now.author,
        now=replace(now, content=replace(now.content, poll=poll)),
        uri=uri or f"{post.uri}/update/{at}",
        at=at,
    )


def _counted(post: Post, poll: Poll) -> Poll:
    poll = replace(poll, voters=post.votes.values("voter").distinct().count())
    if poll.hidden and poll.closed is None:
        return poll
    rows = post.votes.values_list("option").annotate(count=Count("pk"))
    votes: dict[str, int] = dict(rows)
    options = tuple(replace(one, votes=votes.get(one.name, 0)) for one in poll.options)
    return replace(poll, options=options, hidden=False)


def end(uri: str, author: Actor, at: int) -> None:
    """In a rebuild: a room says that it was closed."""
    post = Post.objects.filter(uri=uri, author=author).select_related("author").first()
    if post and post.poll and post.poll["closed"] is None:
        store(post, post.poll | {"closed": post.poll["closes"] or at}, at)


def was_told(uri: str) -> None:
    """In a rebuild: how it stands is what a room says already."""
    post = Post.objects.filter(uri=uri).first()
    if post and post.poll:
        due = due_at(profiles.poll_of(post), told=post.poll)
        Post.objects.filter(pk=post.pk).update(poll_due=due)
