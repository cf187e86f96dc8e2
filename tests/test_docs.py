"""The documents are true: what they name exists, and what exists stands in them."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from bridge.matrix import vocabulary
from bridge.matrix.commands.desk import COMMANDS
from social.acts import Act

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
ADMIN = (ROOT / "docs" / "admin.md").read_text()
FEDERATION = (ROOT / "docs" / "federation.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))

FROM_DJANGO = {"migrate", "createsuperuser"}
SYSTEM_WIDE = {"SSL_CERT_FILE"}  # read by OpenSSL, not by us


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def section(text: str, title: str) -> str:
    found = re.search(
        rf"^(#+) {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.DOTALL | re.MULTILINE
    )
    assert found, f"no section {title}"
    return found[2]


def first_cells(text: str) -> list[str]:
    """Of each row of its tables."""
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]


# ---- links and paths


def anchors(text: str) -> set[str]:
    """As the usual code hosts make them."""
    plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{target} is not there"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there.read_text()), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(page):
    named = re.findall(r"`((?:bridge|social|tests|deploy|docs)/[\w./@-]+)`", page.read_text())
    for name in named:
        if name.endswith("/.env"):
            continue  # the admin's own file
        assert (ROOT / name).exists(), f"{name} is not there"


def test_every_test_that_is_named_exists():
    known = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for page in PAGES:
        for name in re.findall(r"`(test_[a-z_0-9]+)`", page.read_text()):
            assert f"def {name}(" in known, f"{name_of(page)} names {name}"


def test_every_function_that_is_named_in_the_line_exists():
    """`module.function`, as in the table of the straight line."""
    sources = {name_of(path): path.read_text() for path in (ROOT / "bridge").rglob("*.py")}
    sources |= {name_of(path): path.read_text() for path in (ROOT / "social").rglob("*.py")}
    for module, function in re.findall(
        r"`(?:bridge\.)?([a-z_.]+)\.([a-z_]+)`", section(ARCHITECTURE, "The straight line")
    ):
        file = "/" + module.replace(".", "/") + ".py"
        texts = [text for name, text in sources.items() if f"/{name}".endswith(file)]
        found = any(re.search(rf"def {function}\b", text) for text in texts)
        assert found, f"{module}.{function} is not there"


def test_the_makefile_has_what_the_pages_tell_to_make():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
        assert named <= targets, f"{name_of(page)}: {named - targets}"


# ---- settings and commands


def settings_read() -> set[str]:
    text = (ROOT / "bridge" / "settings.py").read_text()
    return set(re.findall(r"\b(?:env\.\w+|_number|_switch)\(\s*\"([A-Z_]+)\"", text))


def test_every_setting_stands_in_the_admins_table_and_no_other():
    table = {cell.strip("`") for cell in first_cells(section(ADMIN, "Settings"))[2:]}
    assert table == settings_read() | SYSTEM_WIDE


def our_commands() -> set[str]:
    return {name for name, app in get_commands().items() if app in {"bridge", "social"}}


def test_every_command_stands_in_the_admins_table_and_no_other():
    table = {cell.strip("`").split()[0] for cell in first_cells(section(ADMIN, "Commands"))[2:]}
    assert table == our_commands() | FROM_DJANGO


def test_every_command_says_what_it_does():
    for name in our_commands():
        assert load_command_class("bridge", name).help, name


def test_every_word_to_the_bot_is_explained():
    assert all(entry.does and entry.usage for entry in COMMANDS.values())


# ---- addresses


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> list[str]:
    found = []
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += ["admin/"] if here == "admin/" else routes(pattern.url_patterns, here)
        else:
            found.append(here)
    return found


def shown(route: str) -> str:
    """As the pages write it: `/ap/u/KEY/inbox`."""
    if route.startswith("^_matrix"):
        return "/_matrix/app/"
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: found[1].upper(), route)


@pytest.mark.parametrize("route", routes(get_resolver("bridge.urls").url_patterns))
def test_every_address_is_documented(route):
    assert f"`{shown(route)}`" in FEDERATION + ARCHITECTURE


# ---- acts and samples


def test_every_act_has_one_row():
    rows = [cell.strip("`") for cell in first_cells(section(FEDERATION, "Acts"))[2:]]
    assert sorted(rows) == sorted(act.__name__ for act in get_args(Act))


def outcome(sample: dict) -> str:
    if "ignored" in sample:
        return f"ignored: {sample['ignored']}"
    if "acts" in sample:
        return f"{len(sample['acts'])} × {sample['acts'][0]['act']}"
    act = sample["act"]
    if act["act"] == "Undo" and act.get("undone"):
        return f"Undo of {act['undone']['act']}"
    return f"Publish, {act['visibility']}" if act["act"] == "Publish" else act["act"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "wire").rglob("*.json")), ids=lambda path: path.stem
)
def test_every_sample_has_a_row_that_says_what_it_becomes(path):
    lines = [line for line in FEDERATION.splitlines() if line.endswith(f"| `{path.stem}` |")]
    assert len(lines) == 1
    assert f"| {outcome(json.loads(path.read_text()))} |" in lines[0]


def test_every_row_of_a_sample_has_its_sample():
    known = {path.stem for path in (ROOT / "tests" / "wire").rglob("*.json")}
    for heading in ("What peers send, and what it becomes", "What liars send"):
        for name in re.findall(r"\| `([\w-]+)` \|$", section(FEDERATION, heading), re.MULTILINE):
            assert name in known


def test_every_name_that_we_write_into_rooms_is_explained():
    ours = {value for value in vars(vocabulary).values() if str(value).startswith(vocabulary.NS)}
    for name in ours - {vocabulary.NS}:
        assert f"`{name}`" in ARCHITECTURE, name


# ---- decisions


@pytest.mark.parametrize("page", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_context_price_and_what_was_rejected(page):
    text = page.read_text()
    assert text.startswith(f"# {page.name[:4]}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Price",
        "Rejected",
    ]
    assert len(text.splitlines()) <= 60, "one page"


def test_decisions_are_numbered_without_a_gap():
    assert [page.name[:4] for page in DECISIONS] == [
        f"{number:04}" for number in range(1, len(DECISIONS) + 1)
    ]
