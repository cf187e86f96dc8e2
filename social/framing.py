"""What must stay in sight where a picture is cut. Pure."""


def focus(x: float, y: float) -> str:
    """As an attachment holds it; empty for what is no point of a picture."""
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        return ""
    return ",".join(f"{round(value, 3) + 0.0:g}" for value in (x, y))  # 0.0: there is no "-0"
