"""Which names stand over a server: what is decided about one holds for all below it. Pure."""


def names_over(host: str) -> list[str]:
    labels = host.split(":", maxsplit=1)[0].split(".")
    return [host, *(".".join(labels[start:]) for start in range(len(labels)))]


def covers(judged: str, host: str) -> bool:
    """Whether what is decided about one host holds for another: itself and its subdomains."""
    return judged in names_over(host)
