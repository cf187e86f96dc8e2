"""Files of others, as our pages show them: no browser asks their servers, who learn of no reader.

Only what the homeserver has already, of posts that anybody may read, and of faces. Nothing is
fetched for whoever asks here.
"""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from bridge.matrix import media, uploads
from social.models import Actor, Post
from social.web import links


@require_safe
def of_post(request: HttpRequest, key: int, mark: str) -> HttpResponseBase:
    """As `media.media`; 404 as soon as the post is not open to everybody any more."""
    post = Post.objects.visible_to(None).filter(pk=key).first()
    shown = (*post.attachments, *post.emojis) if post else ()
    files = (str(file.get("url", "")) for file in shown)
    return _kept(request, files, mark)


@require_safe
def face(request: HttpRequest, key: int, mark: str) -> HttpResponseBase:
    actor = Actor.objects.shown().filter(pk=key).first()
    if actor is None:
        return _kept(request, (), mark)
    emojis = (str(emoji.get("url", "")) for emoji in actor.emojis)
    return _kept(request, (actor.icon, actor.header, *emojis), mark)


def _kept(request: HttpRequest, urls: Iterable[str], mark: str) -> HttpResponseBase:
    url = next((url for url in urls if url and links.mark(url) == mark), "")
    mxc = uploads.kept_at(url) if url else ""
    if not mxc:
        return media.absent()
    server, _, name = mxc.removeprefix("mxc://").partition("/")
    return media.served(request, server, name, private=False)
