"""How the effect of an attack is seen: its words stand somewhere here, or they do not."""

from social.models import Post

WORDS = "MARKER"


def shown(words: str = WORDS) -> bool:
    return Post.objects.filter(html__contains=words).exists()
