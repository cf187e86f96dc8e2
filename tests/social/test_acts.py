"""Acts survive the trip through JSON, nested ones too."""

import json

from hypothesis import given
from hypothesis import strategies as st

from social import acts

URIS = st.text(min_size=1, max_size=20).map(lambda text: f"https://a.example/{text}")
TIMES = st.integers(min_value=0, max_value=2**53)
TEXTS = st.text(max_size=40)
MENTIONS = st.builds(acts.Mention, actor=URIS, name=TEXTS)
CONTENTS = st.builds(
    acts.Content,
    html=TEXTS,
    summary=TEXTS,
    sensitive=st.booleans(),
    language=TEXTS,
    mentions=st.tuples(MENTIONS),
    hashtags=st.tuples(TEXTS, TEXTS),
    attachments=st.tuples(st.builds(acts.Attachment, url=URIS, media_type=TEXTS, alt=TEXTS)),
)
POSTS = st.builds(
    acts.Publish,
    author=URIS,
    post=URIS,
    content=CONTENTS,
    visibility=st.sampled_from(["public", "unlisted", "private", "limited", "direct", "local"]),
    published=TIMES,
    url=URIS,
    reply=URIS,
    audience=st.tuples(URIS),
)
FOLLOWS = st.builds(acts.Follow, author=URIS, target=URIS, uri=URIS, at=TIMES)
ACTS = st.one_of(
    POSTS,
    FOLLOWS,
    st.builds(acts.Move, author=URIS, target=URIS, uri=URIS, at=TIMES),
    st.builds(acts.Mute, author=URIS, target=URIS, uri=URIS, at=TIMES, until=TIMES),
    st.builds(acts.BlockHost, author=URIS, host=TEXTS, uri=URIS, at=TIMES),
    st.builds(acts.Revise, author=URIS, now=POSTS, uri=URIS, updated=TIMES),
    st.builds(acts.Undo, author=URIS, uri=URIS, at=TIMES, undone=st.one_of(st.none(), FOLLOWS)),
    st.builds(
        acts.Introduce,
        author=URIS,
        at=TIMES,
        profile=st.builds(
            acts.Profile,
            uri=URIS,
            handle=TEXTS,
            domain=TEXTS,
            fields=st.tuples(st.builds(acts.Field, name=TEXTS, value=TEXTS)),
        ),
    ),
)


@given(act=ACTS)
def test_an_act_written_as_json_is_read_back_as_it_was(act: acts.Act) -> None:
    assert acts.load(json.loads(json.dumps(acts.dump(act)))) == act
