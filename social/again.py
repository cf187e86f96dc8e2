"""What must be said again, because others forgot more than they were told to."""

from social.acts import Emoji, React, Undo
from social.models import Reaction


def still_said(act: Undo) -> React | None:
    """Most servers know one reaction of each person to a post, and end it with any Undo: of several
    the newest that stands is said again, under the name it has.
    """
    if not isinstance(act.undone, React):
        return None
    rows = Reaction.objects.filter(author__uri=act.author, post__uri=act.undone.post)
    row = rows.filter(author__owner__isnull=False, post__author__owner=None).order_by("-at").first()
    if row is None:
        return None
    custom = Emoji(**row.custom) if row.custom else None
    return React(
        author=act.author,
        post=act.undone.post,
        uri=row.uri,
        emoji=row.emoji,
        at=row.at,
        custom=custom,
    )
