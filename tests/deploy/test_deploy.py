"""What an admin installs: each file is read by the program it is for, or checked line by line."""

import re
import shlex
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.rig import DEPLOY, TOP, nginx, run, tool

# What bridge/settings.py reads, and what the system's own libraries do.
SETTINGS = {
    *re.findall(
        r'(?:env\.\w+|_number|_switch)\(\s*"([A-Z_]+)"', (TOP / "bridge/settings.py").read_text()
    ),
    "SSL_CERT_FILE",
}
COMMANDS = {"web", "worker", "scheduler", "up", "migrate", "registration", "profile", "rebuild"}
COMMANDS |= {"doctor", "bench", "check", "collectstatic", "createsuperuser"}
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
GUIDE = TOP / "docs/admin.md"


def named(path: Path) -> str:
    return str(path.relative_to(TOP))


# Settings and commands


@pytest.mark.parametrize("path", [*FILES, GUIDE], ids=named)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    names = set(re.findall(r"\b(?:OWNROOM_[A-Z_]+|DATABASE_URL|REDIS_URL)\b", path.read_text()))
    assert names <= SETTINGS


@pytest.mark.parametrize("path", [*FILES, GUIDE], ids=named)
def test_every_command_that_is_named_exists(path: Path) -> None:
    calls = re.findall(r'manage\.py(?:", "| )([a-z]+)', path.read_text())
    assert set(calls) <= COMMANDS


def test_the_example_has_each_setting_once_with_a_comment_before_it() -> None:
    lines = (DEPLOY / "ownroom.env.example").read_text().splitlines()
    found = []
    for before, line in zip(["", *lines], lines, strict=False):
        if match := re.fullmatch(r"#?([A-Z_]+)=.*", line):
            found.append(match[1])
            assert before.startswith(("# ", "OWNROOM_")), f"{match[1]} has no comment"
    assert len(found) == len(set(found))
    assert set(found) - {"POSTGRES_PASSWORD", "CADDYFILE"} == SETTINGS


def test_the_example_sets_nothing_optional_to_an_empty_value() -> None:
    text = (DEPLOY / "ownroom.env.example").read_text()
    assert re.findall(r"^([A-Z_]+)=$", text, re.MULTILINE) == ["POSTGRES_PASSWORD"]


def test_the_guide_has_a_row_for_each_setting_and_no_other() -> None:
    section = GUIDE.read_text().split("## Settings")[1].split("## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)) == SETTINGS


def test_the_guide_says_for_each_step_what_is_seen_and_what_else_to_do() -> None:
    steps = re.split(r"^### \d+\. ", GUIDE.read_text(), flags=re.MULTILINE)[1:]
    assert len(steps) == 9
    for step in steps:
        if "```" in step:
            assert "*You see*" in step
            assert "*If not*" in step


@pytest.mark.parametrize("path", [*DEPLOY.rglob("*.md"), GUIDE], ids=named)
def test_every_file_that_is_named_exists(path: Path) -> None:
    for name in re.findall(r"`((?:deploy|docs)/[\w./-]+)`", path.read_text()):
        if name != "deploy/.env":
            assert (TOP / name).exists(), name


@pytest.mark.parametrize("path", [DEPLOY / "ownroom.env.example", GUIDE], ids=named)
def test_every_place_in_the_guide_that_is_linked_exists(path: Path) -> None:
    text = path.read_text()
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= anchors


# Image


def instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [
        (word, rest.strip())
        for line in text.splitlines()
        if line.strip()
        for word, _, rest in [line.partition(" ")]
    ]


def of(kind: str) -> list[str]:
    return [rest for word, rest in instructions() if word == kind]


def test_the_image_is_built_from_a_named_tag_in_two_stages() -> None:
    assert [line.split()[0] for line in of("FROM")] == ["python:3.11-slim"] * 2


def test_the_image_runs_no_shell() -> None:
    for line in [*of("RUN"), *of("CMD")]:
        assert line.startswith("["), line
        assert isinstance(yaml.safe_load(line), list)
    assert not of("ENTRYPOINT")


def test_the_image_runs_as_nobody_special() -> None:
    last = [word for word, _ in instructions()]
    assert last.index("USER") > len(last) - 1 - last[::-1].index("FROM")
    (user,) = of("USER")
    assert int(user.split(":")[0]) >= 10000


def test_the_image_takes_only_what_the_lock_knows() -> None:
    (install,) = [line for line in of("RUN") if "install" in line]
    assert "--require-hashes" in yaml.safe_load(install)
    lock = (TOP / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert "http://" not in lock


def test_the_secret_made_while_building_stays_behind() -> None:
    (collect,) = [yaml.safe_load(line) for line in of("RUN") if "collectstatic" in line]
    (data,) = [word.split("=")[1] for word in collect if word.startswith("OWNROOM_DATA=")]
    assert any(word.startswith("OWNROOM_SECRET_KEY=") for word in collect)
    taken = [line.split()[-2] for line in of("COPY") if line.startswith("--from")]
    assert data not in taken
    assert f"{data}/static" in taken


def test_the_image_says_how_it_is_and_what_it_runs() -> None:
    (health,) = of("HEALTHCHECK")
    assert "http://127.0.0.1:8000/livez" in health
    assert yaml.safe_load(of("CMD")[-1]) == ["python", "manage.py", "web", "--host", "0.0.0.0"]


def test_what_the_image_copies_exists_and_is_not_left_out() -> None:
    rules = (TOP / ".dockerignore").read_text().split("\n")
    assert "*" in rules
    kept = {rule[1:].rstrip("/") for rule in rules if rule.startswith("!")}
    for line in of("COPY"):
        if not line.startswith("--from"):
            source = line.split()[0].rstrip("/")
            assert (TOP / source).exists(), source
            assert source in kept
    for secret in ("data", ".env", ".git", "deploy"):
        assert not any(fnmatch(secret, rule) for rule in kept)


# Compose


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def services() -> dict[str, dict[str, Any]]:
    return dict(compose()["services"])


def test_compose_has_every_part() -> None:
    parts = {"migrate", "web", "worker", "scheduler", "postgres", "redis", "caddy", "synapse"}
    assert set(services()) == parts
    assert [name for name, it in services().items() if "profiles" in it] == ["synapse"]


def test_every_service_has_a_tag_a_limit_and_a_healthcheck() -> None:
    for name, service in services().items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d", tag), f"{name} has no version"
        assert tag != "latest"
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
        if name != "migrate":  # it runs once and ends
            assert service["healthcheck"]["test"][0] == "CMD"


def test_our_own_services_may_write_only_to_the_data_folder() -> None:
    for name in ("migrate", "web", "worker", "scheduler"):
        service = services()[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["volumes"] == ["data:/data"]
        assert service["env_file"] == [".env"]


def test_only_the_proxy_is_open_to_the_world() -> None:
    for name, service in services().items():
        for port in service.get("ports", []):
            assert name == "caddy" or port.startswith("127.0.0.1:")
    assert compose()["networks"]["inside"] == {"internal": True}
    assert services()["postgres"]["networks"] == services()["redis"]["networks"] == ["inside"]
    assert "inside" not in services()["caddy"]["networks"]


def test_redis_forgets_nothing_to_make_room() -> None:
    command = " ".join(services()["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


def test_volumes_networks_and_dependencies_of_compose_are_declared() -> None:
    for service in services().values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose()["volumes"] or (DEPLOY / source).is_dir()
        assert set(service["networks"]) <= set(compose()["networks"])
        assert set(service.get("depends_on", {})) <= set(services())


def test_the_parts_wait_for_the_migration() -> None:
    for name in ("web", "worker", "scheduler"):
        wait = services()[name]["depends_on"]["migrate"]
        assert wait == {"condition": "service_completed_successfully"}


def test_every_variable_compose_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()))
    example = (DEPLOY / "ownroom.env.example").read_text()
    assert asked <= set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))


# systemd


def lines(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=named)
def test_a_unit_is_well_shut(unit: Path) -> None:
    result = run(
        tool("systemd-analyze"), "security", "--offline=yes", "--threshold=30", "--no-pager", unit
    )  # threshold is ten times the exposure level
    assert result.returncode == 0, result.stdout[-400:] + result.stderr


def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    units = []
    for source in sorted((DEPLOY / "systemd").iterdir()):
        copy = tmp_path / source.name
        text = source.read_text().replace("/opt/ownroom/.venv/bin/python", sys.executable)
        copy.write_text(text)
        units.append(copy)
    result = run(analyze, "verify", "--man=no", *units)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=named)
def test_a_unit_runs_one_part_as_its_own_user(unit: Path) -> None:
    assert lines(unit, "User") == ["ownroom"]
    assert lines(unit, "EnvironmentFile") == ["/etc/ownroom/ownroom.env"]
    (start,) = lines(unit, "ExecStart")
    part = re.split(r"[-.@]", unit.name)[1]
    command = {"embedded": "up"}.get(part, part)
    assert shlex.split(start)[:3] == [
        "/opt/ownroom/.venv/bin/python",
        "/opt/ownroom/manage.py",
        command,
    ]


def test_only_the_web_part_migrates() -> None:
    before = {unit.name: lines(unit, "ExecStartPre") for unit in UNITS}
    assert before.pop("ownroom-web.service")[0].endswith("manage.py migrate --noinput")
    assert not any(before.values())
    for name in ("worker", "worker@", "scheduler"):
        (after,) = lines(DEPLOY / f"systemd/ownroom-{name}.service", "After")
        assert "ownroom-web.service" in after


# Proxies and homeserver


@pytest.mark.parametrize("path", sorted((DEPLOY / "caddy").glob("*Caddyfile")), ids=named)
def test_caddy_understands_its_sample(path: Path) -> None:
    result = run(tool("caddy"), "validate", "--adapter", "caddyfile", "--config", path)
    assert result.returncode == 0, result.stderr
    assert "not formatted" not in result.stderr


def test_nginx_understands_its_samples(tmp_path: Path) -> None:
    tool("nginx")
    for sample in ("ownroom.conf", "same-domain.conf", "split-domain.conf"):
        command, _ = nginx(sample, 8000, 8008, tmp_path)
        result = run(*command, "-t")
        assert result.returncode == 0, result.stderr
        assert "[warn]" not in result.stderr


def test_the_homeserver_snippet_keeps_every_post() -> None:
    snippet = yaml.safe_load((DEPLOY / "synapse/homeserver-snippet.yaml").read_text())
    assert snippet["retention"] == {"enabled": False}
    assert "media_retention" not in snippet
    assert snippet["encryption_enabled_by_default_for_room_type"] != "all"
    assert "openid" in snippet["listeners"][0]["resources"][0]["names"]


def test_synapse_understands_the_snippet(tmp_path: Path, synapse_python: Path) -> None:
    key = tmp_path / "signing.key"
    key.write_text(f"ed25519 a_test {'A' * 43}\n")
    base = {
        "server_name": "example.org",
        "database": {"name": "sqlite3", "args": {"database": ":memory:"}},
        "report_stats": False,
        "signing_key_path": str(key),
        "macaroon_secret_key": "only-for-tests",
    }
    (tmp_path / "homeserver.yaml").write_text(yaml.safe_dump(base))
    snippet = DEPLOY / "synapse/homeserver-snippet.yaml"
    configs = ("-c", tmp_path / "homeserver.yaml", "-c", snippet)
    result = run(synapse_python, "-m", "synapse.config", "read", "public_baseurl", *configs)
    assert "Config parses OK" in result.stdout + result.stderr
