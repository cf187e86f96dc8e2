"""What holds for the whole tree: who imports whom, who writes what, how large, and no strays."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for part in ("bridge", "social")
    for path in (ROOT / part).rglob("*.py")
    if "migrations" not in path.parts
)
PROJECT = (ROOT / "pyproject.toml").read_text()
LONGEST = 500  # lines; a longer file hides an idea

# The only modules that write a table. What people do goes through social/actions.py alone.
WRITERS = {
    "Post": {
        "social/actions.py",
        "social/moderating.py",
        "social/polls.py",
        "social/quoting.py",
        "social/replay.py",
    },
    "Stamp": {"social/quoting.py"},
    "Reaction": {"social/actions.py"},
    "Boost": {"social/actions.py", "social/moderating.py"},
    "Follow": {"social/actions.py", "social/moderating.py"},
    "FormerReader": {"social/reach.py"},
    "Pin": {"social/moderating.py", "social/pins.py"},
    "Version": {"social/history.py"},
    "Vote": {"social/polls.py"},
    "Block": {"social/actions.py", "social/distance.py", "social/moderating.py"},
    "HostBlock": {"social/actions.py", "social/distance.py"},
    "Mute": {"social/actions.py", "social/distance.py"},
    "Decision": {"social/approvals.py"},
    "Report": {"social/reports.py", "bridge/moderation.py", "bridge/rebuild/decisions.py"},
    "Tombstone": {"social/actions.py", "social/moderating.py", "social/quoting.py"},
    "Backlink": {"social/backlinks.py"},
    "Errand": {"bridge/errands.py"},
    "Actor": {
        "social/actions.py",
        "social/moderating.py",  # who moderates a group
        "bridge/activitypub/actors.py",  # those who live elsewhere, as fetched
        "bridge/keys.py",  # the server's own
        "bridge/matrix/linking.py",  # those who live here
        "bridge/moderation.py",
        "bridge/rebuild/__init__.py",
        "bridge/rebuild/decisions.py",
    },
    "Instance": {"social/policy.py", "bridge/moderation.py", "bridge/rebuild/decisions.py"},
    "Site": {"social/policy.py", "bridge/moderation.py", "bridge/rebuild/decisions.py"},
    "Delivery": {
        "social/outbox.py",
        "bridge/answered.py",
        "bridge/delivering.py",
        "bridge/moderation.py",
        "bridge/rows.py",
        "bridge/tasks.py",
    },
    "Received": {
        "bridge/inbox.py",
        "bridge/matrix/gaps.py",
        "bridge/processing.py",
        "bridge/rows.py",
        "bridge/tasks.py",
    },
    "Lane": {"bridge/lanes.py", "bridge/moderation.py", "bridge/rows.py"},
    "Document": {"bridge/documents.py"},
    "Room": {
        "bridge/matrix/conversations.py",
        "bridge/matrix/gaps.py",
        "bridge/matrix/linking.py",
        "bridge/matrix/membership.py",
        "bridge/matrix/rooms.py",
        "bridge/rebuild/__init__.py",
    },
    "Anchor": {
        "bridge/matrix/anchors.py",
        "bridge/matrix/parts.py",
        "bridge/matrix/storage.py",
        "bridge/rebuild/batch.py",
    },
    "Ghost": {"bridge/matrix/rooms.py", "bridge/rebuild/people.py"},
    "Key": {"bridge/keys.py", "bridge/matrix/linking.py", "bridge/rebuild/__init__.py"},
    "Peer": {"bridge/activitypub/actors.py"},
    "Upload": {"bridge/matrix/storage.py", "bridge/matrix/uploads.py"},
    "Overflow": {"bridge/matrix/overflow.py"},
    "Parting": {"bridge/partings.py"},
    "Tick": {"bridge/tasks.py", "bridge/health.py"},
}
WRITES = frozenset({"save", "create", "get_or_create", "update_or_create", "update", "delete"})
WRITES |= {"bulk_create", "bulk_update"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_demo(path: Path) -> bool:
    return name_of(path).startswith("bridge/demo/")


# ---- who imports whom


def test_the_contracts_between_modules_are_kept():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_who_says_that_it_is_pure_is_held_to_it(path):
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    if re.search(r"\bPure\.$", said, re.MULTILINE):
        assert f'  "{name_of(path)[:-3].replace("/", ".")}",\n' in PROJECT


# ---- writes


def writes(path: Path) -> Iterator[tuple[str, int]]:
    """Table and line of each call that changes rows; of a variable the table is unknown: ''."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        verb, table = node.func.attr, table_of(node.func.value)
        if verb not in WRITES or (not table and verb not in {"save", "delete"}):
            continue
        yield real_name(tree, table), node.lineno


def table_of(value: ast.expr) -> str:
    """`Actor` for `Actor.objects.filter(…)…`."""
    while True:
        match value:
            case ast.Attribute(value=ast.Name(id=table), attr="objects" | "_default_manager"):
                return table if table[0].isupper() else ""  # else a variable
            case ast.Attribute(value=inner) | ast.Call(func=inner) | ast.Subscript(value=inner):
                value = inner
            case _:
                return ""


def real_name(tree: ast.AST, shown: str) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.asname == shown:
                    return alias.name
    return shown


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_the_modules_meant_for_it_write_rows(path):
    if is_demo(path):
        assert not list(writes(path))
        return
    writers = set().union(*WRITERS.values())
    for table, line in writes(path):
        allowed = WRITERS.get(table, set()) if table else writers
        assert name_of(path) in allowed, f"line {line} writes {table or 'rows'}"


def test_the_watch_over_writes_sees_them(tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text(
        "from social.models import Boost as Row\n"
        "Row.objects.filter(pk=1).exclude(pk=2).update(at=1)\n"
        "row.save()\n"
        "digest.update(b'')\n"
        "Row.objects.filter(pk=1).first()\n"
    )
    assert list(writes(sample)) == [("Boost", 2), ("", 3)]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_saving_does_nothing_else(path):
    """No overridden `save`, no signals of models: their order would be hidden."""
    text = path.read_text()
    assert "def save(" not in text
    assert "django.db.models.signals" not in text


# ---- shape


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_grows_beyond_an_idea(path):
    assert len(path.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_each_module_says_what_it_is_for(path):
    said = ast.get_docstring(ast.parse(path.read_text()))
    if path.name == "__init__.py" and not path.read_text():
        return
    assert said, "no docstring"
    assert len(said.splitlines()) <= 9, "a docstring is a few lines"


# ---- strays

STRAYS = (
    *(f"{name}.md" for name in ("protocol", "house-style", "libraries", "synapse", "clients")),
    *(f"{name}.md" for name in ("anchors", "/security", "/peers", "/design")),
    *(f"/{folder}/" for folder in ("work", "tmp/w", "root")),
    *("pypi" + ".org", "python" + "hosted", "registry.npm" + "js", "crates" + ".io"),
)


def in_the_project() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout, so nobody knows which files belong to the project")
    found = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in found if path.is_file() and path.name != "test_architecture.py"]


def test_nothing_names_a_machine_a_registry_or_private_notes():
    for path in in_the_project():
        text = path.read_bytes().decode("utf-8", "replace")
        for stray in STRAYS:
            assert stray not in text, f"{name_of(path)} names {stray}"


def test_every_sample_has_a_reader():
    """The two tests of translation read every sample of their folder; no other folder hides one."""
    wire = ROOT / "tests" / "wire"
    assert {path.name for path in wire.iterdir()} == {"activitypub", "matrix"}
    assert not [path for path in wire.rglob("*") if path.is_file() and path.suffix != ".json"]
    for network in ("activitypub", "matrix"):
        reader = (ROOT / "tests" / "bridge" / network / "test_parse.py").read_text()
        assert "SAMPLES" in reader
        assert 'glob("*.json")' in reader


def test_what_a_cache_remembers_is_named_by_no_row() -> None:
    """A cache outlives a lost database, whose numbers then are somebody else's."""
    by_row = re.compile(r"""f["'][\w-]+:\{[^}"']*\.(pk|id)\b""")
    found = [
        f"{path}:{number}"
        for path in sorted((ROOT / "bridge").rglob("*.py"))
        if "import cache" in (text := path.read_text())
        for number, line in enumerate(text.splitlines(), 1)
        if by_row.search(line)
    ]
    assert not found
