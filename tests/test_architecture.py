"""Who may import whom; where the house keeps its borders."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bridge", "adapters", "sandbox", "bench")

PURE = {"bridge.types", "bridge.errors", "bridge.markdown", "bridge.split", "bridge.words"}
# What is shown is shown by a platform, when its budget permits.
PACED = {"bridge.ports", "bridge.budget", "bridge.window"}
# For each part: what it may import of ours, and of others beyond the standard library.
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "bridge.types": (set(), set()),
    "bridge.words": ({"bridge.words"}, set()),
    "bridge.patience": (set(), set()),
    "bridge.errors": ({"bridge.words"}, set()),
    "bridge.ports": ({"bridge.types"}, set()),
    "bridge.markdown": ({"bridge.markdown"}, set()),
    "bridge.split": ({"bridge.split", "bridge.markdown"}, set()),
    "bridge.proxies": (set(), set()),
    "bridge.dify": ({"bridge.dify", "bridge.types", "bridge.errors", "bridge.proxies"}, {"aiohttp"}),
    "bridge.store": (
        {"bridge.store", "bridge.types", "bridge.errors", "bridge.commands", "bridge.stop"},
        {"sqlmodel", "sqlalchemy", "alembic", "asyncpg", "pydantic"},
    ),
    "bridge.window": (PURE, set()),
    "bridge.budget": (PURE | {"bridge.window"}, set()),
    "bridge.draft": (PURE | {"bridge.ports"}, set()),
    "bridge.ways": ({"bridge.types", "bridge.ports", "bridge.budget"}, set()),
    "bridge.pages": ({"bridge.types", "bridge.budget"}, set()),
    "bridge.reply": (
        PURE
        | {"bridge.ports", "bridge.budget", "bridge.window", "bridge.draft", "bridge.ways", "bridge.pages"}
        | {"bridge.patience"},
        set(),
    ),
    "bridge.replica": ({"bridge.store", "bridge.errors", "bridge.stop", "bridge.patience"}, set()),
    "bridge.stop": (set(), set()),
    "bridge.commands": ({"bridge.words"}, set()),
    "bridge.courtesy": (PURE | PACED, set()),
    "bridge.whispering": (PURE | PACED, set()),
    "bridge.hindrance": (PURE | PACED | {"bridge.whispering"}, set()),
    "bridge.naming": (PURE | PACED, set()),
    "bridge.people": (PURE | PACED | {"bridge.dify"}, set()),
    "bridge.spoken": (PURE | PACED | {"bridge.people", "bridge.scene"}, set()),
    "bridge.languages": (PURE | PACED | {"bridge.people"}, set()),
    "bridge.queued": (PURE | PACED | {"bridge.store"}, set()),
    "bridge.inbox": (
        PURE
        | {"bridge.ports", "bridge.store", "bridge.dify", "bridge.budget"}
        | {"bridge.replica", "bridge.queued", "bridge.stop", "bridge.commands", "bridge.routes"},
        set(),
    ),
    "bridge.changes": (
        PURE | {"bridge.inbox", "bridge.store", "bridge.apps", "bridge.stop", "bridge.access", "bridge.gate"},
        set(),
    ),
    "bridge.invoked": (PURE | {"bridge.dify", "bridge.inputs"}, set()),
    "bridge.invoking": (
        PURE
        | {"bridge.apps", "bridge.dify", "bridge.store", "bridge.commands"}
        | {"bridge.inputs", "bridge.invoked", "bridge.gate", "bridge.patience"},
        set(),
    ),
    "bridge.offering": (
        PURE | {"bridge.apps", "bridge.dify", "bridge.store", "bridge.routes", "bridge.commands"},
        set(),
    ),
    "bridge.access": ({"bridge.types", "bridge.routes"}, set()),
    "bridge.gate": (
        PURE
        | PACED
        | {"bridge.access", "bridge.routes", "bridge.store", "bridge.commands", "bridge.whispering"}
        | {"bridge.people"},
        set(),
    ),
    "bridge.reception": (
        PURE
        | {"bridge.inbox", "bridge.presses", "bridge.invoking", "bridge.changes", "bridge.offering"}
        | {"bridge.replica", "bridge.store", "bridge.languages"},
        set(),
    ),
    "bridge.web": ({"bridge.web", "bridge.types", "bridge.errors", "bridge.ports"}, {"aiohttp"}),
    "bridge.notes": (PURE | {"bridge.store"}, set()),
    "bridge.inputs": ({"bridge.types", "bridge.dify", "bridge.words"}, set()),
    "bridge.deciding": ({"bridge.types", "bridge.dify", "bridge.words"}, set()),
    "bridge.cited": ({"bridge.dify", "bridge.markdown", "bridge.words"}, set()),
    "bridge.attached": (PURE | {"bridge.ports", "bridge.dify", "bridge.inputs"}, set()),
    "bridge.described": (PURE | PACED | {"bridge.attached"}, set()),
    "bridge.made": (PURE | PACED | {"bridge.dify", "bridge.attached"}, set()),
    "bridge.scene": (
        PURE
        | {"bridge.ports", "bridge.dify", "bridge.store", "bridge.notes", "bridge.reply", "bridge.routes"},
        set(),
    ),
    "bridge.preparing": (
        PURE
        | {"bridge.ports", "bridge.dify", "bridge.scene", "bridge.inputs", "bridge.attached", "bridge.voice"}
        | {"bridge.budget", "bridge.people", "bridge.described"},
        set(),
    ),
    "bridge.asking": (
        PURE
        | {"bridge.dify", "bridge.store", "bridge.scene", "bridge.preparing"}
        | {"bridge.capacity", "bridge.deciding", "bridge.trace"},
        set(),
    ),
    "bridge.obeying": (
        PURE
        | PACED
        | {"bridge.dify", "bridge.store", "bridge.scene", "bridge.commands"}
        | {"bridge.inputs", "bridge.made", "bridge.access", "bridge.gate"},
        set(),
    ),
    "bridge.afterwards": (
        PURE | PACED | {"bridge.apps", "bridge.store", "bridge.naming", "bridge.obeying"},
        set(),
    ),
    "bridge.presses": (
        PURE
        | {"bridge.apps", "bridge.dify", "bridge.store", "bridge.routes", "bridge.access", "bridge.gate"}
        | {"bridge.commands", "bridge.deciding", "bridge.inputs", "bridge.cited", "bridge.patience"},
        set(),
    ),
    "bridge.meaning": ({"bridge.types", "bridge.commands"}, set()),
    "bridge.conversation": (
        PURE
        | PACED
        | {"bridge.dify", "bridge.store", "bridge.apps", "bridge.routes", "bridge.inbox", "bridge.commands"}
        | {"bridge.scene", "bridge.notes", "bridge.reply", "bridge.asking", "bridge.obeying"}
        | {"bridge.preparing", "bridge.inputs", "bridge.attached", "bridge.made"}
        | {"bridge.courtesy", "bridge.naming", "bridge.afterwards", "bridge.cited", "bridge.gate"}
        | {"bridge.stop", "bridge.hindrance", "bridge.meaning", "bridge.spoken"},
        set(),
    ),
    "bridge.checks": (set(), {"pydantic"}),
    "bridge.tenants": ({"bridge.types"}, set()),
    "bridge.vault": (set(), {"cryptography"}),
    "bridge.installations": ({"bridge.store", "bridge.types", "bridge.errors", "bridge.vault"}, set()),
    "bridge.settings": (
        {"bridge.errors", "bridge.routes", "bridge.types", "bridge.checks"},
        {"pydantic", "pydantic_settings", "dotenv"},
    ),
    "bridge.routes": ({"bridge.types"}, {"pydantic"}),
    "bridge.appfile": (
        {"bridge.checks", "bridge.errors", "bridge.routes", "bridge.settings", "bridge.access"},
        {"pydantic", "pydantic_core"},
    ),
    "bridge.apps": (
        {"bridge.types", "bridge.errors", "bridge.routes", "bridge.settings"}
        | {"bridge.appfile", "bridge.capacity", "bridge.dify"},
        set(),
    ),
    "bridge.capacity": ({"bridge.words"}, set()),
    "bridge.trace": ({"bridge.types"}, set()),
    "bridge.voice": ({"bridge.types", "bridge.errors"}, {"av"}),
    "adapters.slack": (
        {"adapters.slack", "bridge.types", "bridge.ports", "bridge.errors", "bridge.markdown"}
        | {"bridge.proxies", "bridge.patience", "bridge.words", "bridge.tenants"},
        {"slack_sdk", "aiohttp", "yarl"},
    ),
    # What is pure is so by what it knows.
    **{
        f"adapters.slack.{part}": ({f"adapters.slack.{known}" for known in parts} | PURE, set())
        for part, parts in {
            "buttons": {"mrkdwn"},
            "fields": set[str](),
            "lately": set[str](),
            "forms": {"buttons", "mrkdwn", "render"},
            "attached": {"fields"},
            "events": {"attached", "fields"},
            "acting": {"events", "fields"},
            "pressed": {"acting", "buttons", "events", "fields", "forms"},
            "commands": {"acting", "events", "fields", "forms"},
            "home": {"acting", "buttons", "commands", "events", "fields", "forms", "mrkdwn", "render"},
            "looking": {"fields"},
            "paths": set[str](),
            "manifest": {"commands", "paths"},
            "credentials": {"fields"},
            "changes": {"events", "fields"},
        }.items()
    },
    "adapters.discord": (
        {"adapters.discord", "bridge.types", "bridge.ports", "bridge.errors", "bridge.markdown"}
        | {"bridge.proxies", "bridge.patience", "bridge.words"},
        {"discord", "aiohttp", "yarl"},
    ),
    # What is measured is a process, or inside one (`JOINTS`).
    "bench": (
        {"bench", "sandbox", "bridge"},
        {
            "typer",
            "rich",
            "httpx",
            "discord",
            "yarl",
            "slack_bolt",
            "slack_sdk",
            "uvloop",
            "sqlalchemy",
            "asyncpg",
            "pydantic",
        },
    ),
    "bench.naive": (set(), {"httpx", "discord", "yarl", "slack_bolt", "slack_sdk"}),
    "bench.blind": (set(), set()),
    "bench.bound": ({"bench.limits", "bench.quadratic"}, set()),
    "bench.limits": (set(), set()),
    "bench.quadratic": ({"bench.limits"}, set()),
    "bench.texts": (set(), set()),
}
# Where the benchmark knows the bridge, and what of it.
JOINTS = {
    "bench.serve": {"bridge.app", "bridge.logs", "bridge.settings"},
    "bench.durability": PURE
    | {"bridge.inbox", "bridge.conversation", "bridge.replica", "bridge.store", "bridge.apps"}
    | {
        "bridge.budget",
        "bridge.ports",
        "bridge.afterwards",
        "bridge.routes",
        "bridge.settings",
        "bridge.gate",
    },
}
STANDARD = set(__import__("sys").stdlib_module_names)


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found.append((name, path))
    return found


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports; `from a import b` gives a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, parts: set[str]) -> bool:
    return any(name == part or name.startswith(part + ".") for part in parts)


@pytest.mark.parametrize("part", ALLOWED)
def test_a_part_imports_only_what_the_design_allows(part: str) -> None:
    ours, others = ALLOWED[part]
    for name, path in modules():
        if not within(name, {part}):
            continue
        for imported in imports(path):
            top = imported.partition(".")[0]
            if top in PACKAGES:
                assert within(imported, ours), f"{name} imports {imported}"
            elif top not in STANDARD:
                assert top in others, f"{name} imports {imported}"


def test_the_sandbox_knows_nothing_of_the_bridge() -> None:
    for name, path in modules():
        if name.startswith("sandbox"):
            assert not [one for one in imports(path) if within(one, {"bridge", "adapters"})], name


def test_only_the_composition_roots_know_the_adapters() -> None:
    for name, path in modules():
        if name.startswith("bridge") and name not in ("bridge.app", "bridge.inviting", "bridge.manifesting"):
            assert not [one for one in imports(path) if within(one, {"adapters"})], name


def test_only_its_joints_join_the_benchmark_to_the_bridge() -> None:
    for name, path in modules():
        if name.startswith("bench"):
            known = set().union(*(parts for joint, parts in JOINTS.items() if within(name, {joint})))
            for imported in imports(path):
                assert not within(imported, {"bridge", "adapters"}) or within(imported, known), name


def test_only_the_demo_and_the_benchmark_know_the_sandbox() -> None:
    for name, path in modules():
        if not name.startswith(("sandbox", "bench")) and name != "bridge.demo":
            assert not [one for one in imports(path) if within(one, {"sandbox"})], name


def test_only_the_settings_read_the_environment() -> None:
    for name, path in modules():
        if name != "bridge.settings":
            text = path.read_text(encoding="utf-8")
            assert "os.environ" not in text, name
            assert "getenv" not in text, name


def test_files_stay_readable() -> None:
    for name, path in modules():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, name
