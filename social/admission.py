"""Whether an act may happen here: who may do what, towards whom, and what is kept at all.

Writes nothing and knows no network. A refusal is a sentence, for whoever asks why.
"""

from collections.abc import Iterator

from social import actions, approvals, groups, moderating, once, policy, polls, reports
from social.actions import Refused
from social.acts import (
    LETTERS,
    OPEN,
    Act,
    AskQuote,
    BlockHost,
    Boost,
    Decide,
    Follow,
    Leave,
    Move,
    Mute,
    Pin,
    Publish,
    React,
    Report,
    Retract,
    Revise,
    Undo,
    Vote,
)
from social.measures import Appoint, Expel, Feature, Lock, Measure, Remove
from social.models import Actor, Post, shut_out
from social.models import Report as ReportRow

REACTIONS = 20  # of one actor to one post
RESTLESS = 7 * 24 * 3_600_000  # milliseconds between two moves of one actor
MOVES = 3  # of one life, from one address to the next
REPORTS = 20  # of one author about one person, while nobody has looked at them
REPORTED = 500  # from one server
HEIGHT = 50  # how far up a conversation is looked
# Why what somebody typed in a room goes nowhere, though it stands there: they hear of it.
LOCKED = "the topic is locked: nobody but who moderates the group answers it"
RESTRICTED = "only who moderates the group begins topics in it"
ALONE = "its author has blocked everybody whom it is for"
NOT_TAKEN = frozenset({LOCKED, RESTRICTED, ALONE})


def admit(act: Act) -> None:  # noqa: C901  one line an act
    if isinstance(act, Vote) and polls.is_guest(act.author):
        _admit_guest(act)
        return
    author = _admit_author(act)
    match act:
        case Publish():
            _admit_post(author, act)
        case Revise():
            _admit_edit(author, act)
        case Boost():
            _admit_boost(author, act)
        case Follow() | React():
            _admit_towards(author, act)
        case Vote():
            _admit_vote(author, act)
        case Pin():
            _admit_pin(author, act)
        case Move():
            _admit_move(author, act)
        case Remove() | Feature() | Lock() | Appoint() | Expel():
            _admit_measure(author, act)
        case Undo(undone=said) if isinstance(said, Measure):
            _admit_measure(author, said, undone=True)
        case BlockHost() | Mute():
            _admit_distance(author, act)
        case Decide():
            if approvals.waiting(act) is None:
                raise Refused("nothing done here waits for this answer")
        case Report():
            _admit_report(author, act)
        case AskQuote():
            _admit_quote(author, act)
        case _:
            pass


def admit_context(act: Publish) -> None:
    """A post fetched because another stands on it: nobody here needs to follow its author."""
    _admit_answer(_admit_author(act), actions.post(act.reply))


def _admit_author(act: Act) -> Actor:
    author = actions.actor(act.author)
    if author is None:
        raise Refused("its author is unknown")
    if author.suspended and not (author.is_local and isinstance(act, Retract)):
        raise Refused("its author is suspended here")  # who may still take back what they said
    if author.left and not isinstance(act, Leave):
        raise Refused("its author has left")
    if not author.is_local and (why := policy.host_refused(author.host)):
        raise Refused(why)
    return author


def _admit_post(author: Actor, act: Publish) -> None:
    _admit_answer(author, actions.post(act.reply))
    _admit_unlocked(author, actions.post(act.reply))
    if act.group and (author.is_local or groups.here(act.group)):
        _admit_in_group(author, act)
    if not (author.is_local or relevant(author, act)):
        raise Refused("nobody here follows its author or is addressed by it")
    if author.is_local and act.audience and act.visibility in LETTERS:
        _admit_letter(author, act)


def _admit_letter(author: Actor, act: Publish) -> None:
    people = Actor.objects.filter(uri__in=act.audience)
    if people.exists() and not people.exclude(shut_out(author=author)).exists():
        raise Refused(ALONE)


def _admit_in_group(author: Actor, act: Publish) -> None:
    group = actions.actor(act.group)
    if group is None or group.kind != "group" or group.left:
        raise Refused("the group is not known here")
    # In a room here whoever is let in may speak: that is the room's own affair.
    if not (group.is_local or groups.is_member(author, group)):
        raise Refused("only who follows a group writes in it")
    if act.visibility not in OPEN:
        raise Refused("a group reads only what is for everybody")
    if policy.blocked_between(author, group):
        raise Refused("one of the two has blocked the other")
    if group.restricted and not act.reply and author.uri not in group.moderators:
        raise Refused(RESTRICTED)


def _admit_unlocked(author: Actor, parent: Post | None) -> None:
    """What a group elsewhere passes on it has let through itself. Whoever locks a topic locks what
    is said below it in the same group: what another group took in there is no affair of theirs.
    """
    group = actions.actor(parent.group) if parent and parent.group else None
    if group is None or not (group.is_local or author.is_local) or author.uri in group.moderators:
        return
    if any(post.locked and post.group == group.uri for post in _upwards(parent)):
        raise Refused(LOCKED)


def _admit_measure(author: Actor, act: Measure, *, undone: bool = False) -> None:
    """Who moderates a group elsewhere was asked of that group before."""
    group = actions.actor(act.group)
    if group is None or group.kind != "group" or group.left:
        raise Refused("the group is not known here")
    if group.is_local and author != group and author.uri not in group.moderators:
        raise Refused("only who moderates a group decides that")
    if isinstance(act, Appoint):
        if group.is_local and not author.is_local:
            raise Refused("who moderates this group its owner decides, by power in the room")
    elif isinstance(act, Expel):
        if group.is_local and act.target in group.moderators:
            raise Refused("who moderates the group cannot be put out of it")
    else:
        _admit_about_post(group, act, gone=undone and isinstance(act, Remove))


def _admit_about_post(group: Actor, act: Remove | Feature | Lock, *, gone: bool) -> None:
    post = actions.post(act.post)
    if isinstance(act, Remove) and _is_judged_unseen(group, act, post, gone=gone):
        return
    if post is None or post.deleted or post.visibility not in OPEN:
        raise Refused("what it is about is not known here")
    inside = post.group == group.uri
    if not isinstance(act, Lock):  # what a group only boosts others may answer as they like
        inside = inside or post.boosts.filter(author=group).exists()
    if gone and inside:
        raise Refused("the post is in this group")
    if not inside and not (gone and _was_in(group, post)):
        raise Refused("the post is not in this group")
    if isinstance(act, Feature) and post.reply:
        raise Refused("only topics stand on top of a group")


def _is_judged_unseen(group: Actor, act: Remove, post: Post | None, *, gone: bool) -> bool:
    """A group elsewhere has taken out what never was here, or will not be read in until it has it
    again.
    """
    if gone:
        return moderating.is_removed(group.uri, act.post)
    return post is None and not group.is_local


def _was_in(group: Actor, post: Post) -> bool:
    """Its author said it to the group, or below what was said there: no group takes another post
    for its own.
    """
    above = post.parent.group if post.parent else ""
    return not post.group and group.uri in {*post.audience, above}


def _admit_edit(author: Actor, act: Revise) -> None:
    """The edit may be the first that is heard of a post: then it must pass as one. Else it answers
    what the post answered, whatever the edit says.
    """
    known = Post.objects.filter(uri=act.now.post).select_related("parent__author").first()
    if known is None:
        _admit_post(author, act.now)
    else:
        _admit_answer(author, known.parent)


def _admit_answer(author: Actor, parent: Post | None) -> None:
    """Whoever is blocked by somebody here stays out of all conversations below that person."""
    if parent is None:
        return
    shut = policy.blocked_by(author)
    if policy.blocked_between(author, parent.author) or (
        shut and any(post.author_id in shut for post in _upwards(parent))
    ):
        raise Refused("one of the two has blocked the other")


def _upwards(post: Post | None) -> Iterator[Post]:
    for _ in range(HEIGHT):
        if post is None:
            return
        yield post
        if post.parent_id is None:
            return
        post = _post(post.parent_id)


def _post(key: int) -> Post | None:
    rows = Post.objects.select_related("author")
    return once.ask(("post", key), lambda: rows.filter(pk=key).first())


def _admit_boost(author: Actor, act: Boost) -> None:
    post = Post.objects.filter(uri=act.post).select_related("author").first()
    if post is None:
        raise Refused("the boosted post is not known here")
    if post.visibility not in OPEN:
        raise Refused("a followers-only or direct post cannot be boosted")
    if author.kind == "group" and moderating.is_removed(author.uri, act.post):
        raise Refused("who moderates the group took it out")
    if post.author.suspended or policy.blocked_between(author, post.author):
        raise Refused("its author is blocked or suspended")
    followed = author.is_local or post.author.is_local or _has_local_followers(author)
    if not followed:
        raise Refused("nobody here follows the booster")


def _admit_quote(author: Actor, act: AskQuote) -> None:
    """Whoever may not quote is told so; of what is not open nobody learns that it is there."""
    post = Post.objects.filter(uri=act.post, deleted=None).select_related("author").first()
    if post is None or post.visibility not in OPEN or post.author.left:
        raise Refused("the quoted post is not known here")
    if post.author.suspended:
        raise Refused("its author is blocked or suspended")
    if not (author.is_local or post.author.is_local):
        raise Refused("it concerns nobody here")


def _admit_towards(author: Actor, act: Follow | React) -> None:
    target = (
        actions.actor(act.target)
        if isinstance(act, Follow)
        else Actor.objects.filter(posts__uri=act.post).first()
    )
    if target is None:
        raise Refused("what it is about is not known here")
    if not (author.is_local or target.is_local):
        raise Refused("it concerns nobody here")
    if not target.is_local and (why := policy.host_refused(target.host)):
        raise Refused(why)
    if target.suspended:
        raise Refused("whom it is about is suspended here")
    if isinstance(act, React):
        _admit_reaction(author, target, act)
    elif policy.opted_out(target):
        raise Refused("they ask not to be bridged (#nobridge in their profile)")
    elif author.is_local and policy.blocks(author, target):
        raise Refused("its author has blocked them")  # who would not hear of it


def _admit_distance(author: Actor, act: BlockHost | Mute) -> None:
    if not author.is_local:
        raise Refused("what somebody elsewhere keeps away from is no matter of ours")
    if isinstance(act, BlockHost) and act.host in author.names_over:
        raise Refused("that is one's own server")


def _admit_report(author: Actor, act: Report) -> None:
    about = reports.reported(act.about, author)
    if not about.exists():
        raise Refused("it is about nobody here" if not author.is_local else "nobody is reported")
    waiting = ReportRow.objects.filter(resolved=None).exclude(uri=act.uri)
    same = waiting.filter(author=author, target__in=about)
    crowd = waiting.filter(author__host=author.host) if not author.is_local else same
    if same.count() >= REPORTS or crowd.count() >= REPORTED:
        raise Refused("enough reports from there wait for the admins")


def _admit_guest(act: Vote) -> None:
    """Somebody without a profile here, who reads the room in which the poll stands."""
    post = actions.post(act.poll)
    if post is None or not post.author.is_local or post.visibility not in OPEN:
        raise Refused("only who has a profile here can vote there")
    polls.admit(act, post)


def _admit_vote(author: Actor, act: Vote) -> None:
    post = actions.post(act.poll)
    if post is None or post.deleted or post.poll is None:
        raise Refused("the poll is not known here")
    if not (author.is_local or post.author.is_local):
        raise Refused("it concerns nobody here")
    if not post.author.is_local and (why := policy.host_refused(post.author.host)):
        raise Refused(why)
    if post.author.suspended:
        raise Refused("whom it is about is suspended here")
    if policy.blocked_between(author, post.author):
        raise Refused("one of the two has blocked the other")
    if not _may_read(author, act.poll):
        raise Refused("the post was not for them")
    polls.admit(act, post)


def _admit_pin(author: Actor, act: Pin) -> None:
    post = actions.post(act.post)
    if post is None or post.deleted or post.author != author:
        raise Refused("the post is not known here, or not theirs")
    if not (author.is_local or _has_local_followers(author)):
        raise Refused("nobody here follows them")
    if post.visibility not in OPEN:
        raise Refused("only public and unlisted posts can be pinned")


def _admit_move(author: Actor, act: Move) -> None:
    """What both sides say must agree: whoever could move others by their own word alone would take
    their followers.
    """
    target = actions.actor(act.target)
    if target is None or target == author:
        raise Refused("where it moves to is not known here")
    if not (author.is_local or target.is_local or _has_local_followers(author)):
        raise Refused("it concerns nobody here")
    if not target.is_local and (why := policy.host_refused(target.host)):
        raise Refused(why)
    if target.suspended or target.left:
        raise Refused("where it moves to is suspended or gone")
    if author.uri not in target.aliases:
        raise Refused("where it moves to does not name it as an alias")
    if target.moved_to:
        raise Refused("where it moves to has moved away itself")
    if author.moved and author.moved_to != act.target and act.at - author.moved < RESTLESS:
        raise Refused("it moved less than seven days ago")
    if _moves_before(author) >= MOVES:
        raise Refused("it has moved too often")


def _moves_before(author: Actor) -> int:
    seen, latest = {author.pk}, author
    while len(seen) <= MOVES:
        before = Actor.objects.filter(moved_to=latest.uri).exclude(moved=None).first()
        if before is None or before.pk in seen:
            break
        seen.add(before.pk)
        latest = before
    return len(seen) - 1


def _admit_reaction(author: Actor, target: Actor, act: React) -> None:
    if policy.blocked_between(author, target):
        raise Refused("one of the two has blocked the other")
    if not _may_read(author, act.post):
        raise Refused("the post was not for them")
    if author.reactions.filter(post__uri=act.post).count() >= REACTIONS:
        raise Refused("its author has reacted to this post often enough")


def _may_read(reader: Actor, uri: str) -> bool:
    post = actions.post(uri)
    if post is None or post.visibility in OPEN:
        return True
    return Post.objects.visible_to(reader).filter(pk=post.pk).exists()


def relevant(author: Actor, act: Publish) -> bool:
    """Remote posts are kept when somebody here follows, is addressed, or is in the conversation."""
    return once.ask(("relevant", act.post), lambda: _is_relevant(author, act))


def _is_relevant(author: Actor, act: Publish) -> bool:
    if groups.here(act.group) or _addressed(act.audience) - policy.blocked_by(author):
        return True
    if act.visibility in OPEN | {"private"} and _has_local_followers(author):
        return True
    return act.visibility in OPEN and bool(act.reply) and _conversation_is_ours(act.reply)


def _addressed(audience: tuple[str, ...]) -> set[int]:
    """The keys of those here who are named. A group is none of them: it hears its members only."""
    if not audience:
        return set()
    people = Actor.objects.local().exclude(kind="group")
    return once.ask(
        ("addressed", frozenset(audience)),
        lambda: set(people.filter(uri__in=audience).values_list("pk", flat=True)),
    )


def _has_local_followers(author: Actor) -> bool:
    return once.ask(
        ("followed", author.pk),
        lambda: author.follows_in.filter(follower__owner__isnull=False, state="accepted").exists(),
    )


def _conversation_is_ours(uri: str) -> bool:
    answered = actions.post(uri)
    if answered is None or answered.deleted:
        return False
    return any(above.author.is_local for above in _upwards(answered))
