"""Reads a page the way a browser would, and insists on well-nested tags."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br", "hr", "input"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(page: str) -> list[tuple[str, dict[str, str]]]:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader.found


def assert_harmless(page: str) -> None:
    """No script, no style of its own, no handler, no address but http(s) and ours."""
    for tag, attributes in tags(page):
        assert tag not in {"script", "style", "iframe", "object", "embed", "form", "base"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name != "style"
            if name in {"href", "src"}:
                assert value.startswith(("https://", "http://", "/", "?", "#")), value


def assert_readable(page: str) -> None:
    """One heading of the first order, a main part, a way past the top, a title, a language."""
    found = tags(page)
    names = [tag for tag, _ in found]
    assert names.count("h1") == names.count("main") == names.count("title") == 1
    assert ("a", {"class": "skip", "href": "#main"}) in found
    assert found[0] == ("html", {"lang": "en"})
    keys = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(keys) == len(set(keys))
