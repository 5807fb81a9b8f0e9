"""The shape of the code: who may import whom, and what no process may load without need."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LAYERS = (
    {
        "errors",
        "events",
        "mistakes",
        "models",
        "reasons",
        "registration",
        "repeats",
        "repo_config",
        "safe_yaml",
        "setting_values",
        "settings",
    },
    {"storage", "label_log", "leases", "database", "errands", "written"},
    {
        "accuracy",
        "commands",
        "comments",
        "context",
        "fences",
        "github",
        "github_access",
        "github_repository",
        "in_force",
        "label_names",
        "limits",
        "queue",
        "remote",
        "rules",
        "serving",
        "similar",
        "words",
        "words_why",
    },  # what use cases are made of
    {
        "acts",
        "answering",
        "automations",
        "backfill",
        "challenge",
        "configuration",
        "dismissals",
        "eligible",
        "explaining",
        "feedback",
        "handling",
        "hindsight",
        "importing",
        "keeping",
        "material",
        "merging",
        "planning",
        "recovery",
        "removal",
        "retraining",
        "sync",
        "tagging",
        "transfers",
        "unheard",
    },  # use cases
    {
        "__init__",
        "auth",
        "dashboard",
        "doctor",
        "logs",
        "proxy",
        "roles",
        "scheduler",
        "supervisor",
        "webhook",
    },  # edges
)
EDGES = ("cli", "replay", "report")  # these modules, and those whose names go on from there, are edges too


def imports(file: Path) -> set[str]:
    """Return the modules that a file imports while it runs, wherever in the file."""
    tree = ast.parse(file.read_text())
    only_for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in only_for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def module(file: Path) -> str:
    """Return the name under which a file of `bot` stands in LAYERS; the dashboard counts as one."""
    return file.relative_to(ROOT / "bot").with_suffix("").parts[0]


FILES = sorted((ROOT / "bot").rglob("*.py"))
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}
LAYER_OF |= {name: len(LAYERS) - 1 for name in map(module, FILES) if name.startswith(EDGES)}


def bot_imports(file: Path) -> set[str]:
    """Return the modules of `bot` that a file imports."""
    names = {name.split(".")[1] for name in imports(file) if name.startswith("bot.")}
    return names & LAYER_OF.keys() - {module(file)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_one_way(file: Path) -> None:
    assert module(file) in LAYER_OF, "say in LAYERS where this module belongs"
    upwards = {name for name in bot_imports(file) if LAYER_OF[name] > LAYER_OF[module(file)]}
    assert not upwards


def test_no_modules_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for file in FILES:
        graph.setdefault(module(file), set()).update(bot_imports(file))
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the cycle


@pytest.mark.parametrize("file", sorted((ROOT / "pipeline").rglob("*.py")), ids=lambda file: file.name)
def test_pipeline_knows_nothing_of_the_bot(file: Path) -> None:
    assert not {name for name in imports(file) if name.split(".")[0] in {"bot", "flask", "github", "sqlalchemy"}}


def pipeline_module(file: Path) -> str:
    """Return the name under which a file of `pipeline` is imported; a package's is that of its `__init__`."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def packages(name: str) -> set[str]:
    """Return the packages around a module, whose `__init__` runs before it does."""
    parts = name.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts))}


def test_no_modules_of_the_pipeline_import_each_other_not_even_through_a_package() -> None:
    files = {pipeline_module(file): file for file in (ROOT / "pipeline").rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, file in files.items():
        direct = imports(file) & files.keys()
        around = {package for other in direct for package in packages(other)} - packages(name) - {name}
        graph[name] = direct | around
    assert set(TopologicalSorter(graph).static_order()) == files.keys()  # raises CycleError, which names the cycle


def loaded_after(code: str) -> set[str]:
    """Return the top-level packages loaded after running code in a fresh Python."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_web_process_loads_no_learning_library(tmp_path: Path) -> None:
    settings = f"Settings(data_dir=Path({str(tmp_path)!r}), app=App(1, 'key', 'secret'))"
    code = f"from bot import create_app, roles; from bot.settings import *; create_app({settings})"
    assert not loaded_after(code) & {"torch", "transformers", "datasets"}


def test_worker_loads_no_torch() -> None:
    code = "from bot import challenge, handling, serving; import pipeline.registry, pipeline.cold_start"
    assert not loaded_after(code) & {"torch", "transformers", "datasets"}


def test_command_line_loads_little_before_it_knows_what_is_wanted() -> None:
    code = "from bot import cli; cli.build_parser('up')"
    assert not loaded_after(code) & {"torch", "sklearn", "onnxruntime", "matplotlib"}
