"""Does a request ask for the page, or for the actor and the post themselves? Pure."""

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_ACTIVITY = "application/activity+json"
_LD = "application/ld+json"
_PROFILE = "https://www.w3.org/ns/activitystreams"


def activity(accept: str) -> bool:
    """ActivityPub §3.2: activity+json, or ld+json with the ActivityStreams profile.

    A tie goes to what is named more exactly, then to the page: browsers name text/html.
    """
    wanted = page = anything = 0.0
    for part in accept.split(",")[:50]:
        kind, *parameters = (piece.strip() for piece in part.lower().split(";"))
        quality = _quality(parameters)
        if kind == _ACTIVITY or (kind == _LD and _has_profile(parameters)):
            wanted = max(wanted, quality)
        elif kind in _HTML:
            page = max(page, quality)
        elif kind == "*/*":
            anything = quality
    return wanted > page and wanted >= anything


def _quality(parameters: list[str]) -> float:
    """RFC 9110 §12.4.2; what cannot be read counts as 1."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 1.0
            return quality if 0 <= quality <= 1 else 1.0
    return 1.0


def _has_profile(parameters: list[str]) -> bool:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "profile" and _PROFILE in value.strip().strip('"').split():
            return True
    return False
