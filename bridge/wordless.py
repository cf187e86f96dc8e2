"""Posts that stood in no room and were boosted or liked: after a loss they are known by their
address, and their words are asked for at their own server.
"""

from django.utils import timezone

from bridge import enacting, errands, turns
from bridge.activitypub import fetched
from bridge.errors import Gone, Later, Trouble
from bridge.models import Errand
from social import replay
from social.acts import Publish, Retract
from social.models import Post


def ask(errand: Errand) -> None:
    """One visit. What was deleted meanwhile goes from whatever repeats it here."""
    post = replay.wordless(errand.about)
    if post is None:
        return
    now = int(timezone.now().timestamp() * 1000)
    try:
        said = fetched.post(post.uri, now).act
    except Later as error:
        raise errands.patient(errand, error) from None
    except Gone:
        _is_gone(post, now)
        return
    except Trouble:  # it is not shown to us: nothing says that it is gone
        return
    if isinstance(said, Publish) and said.author == post.author.uri:
        with turns.writing():
            replay.complete(said)


def _is_gone(post: Post, now: int) -> None:
    with turns.writing():
        enacting.carry_out(Retract(author=post.author.uri, post=post.uri, at=now))
