"""Which way imports point: each layer knows only the layers before it."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = (
    ("base",),
    ("data",),
    ("graph",),
    ("ranking",),
    ("models",),
    ("runs",),
    ("explain", "audit"),
    ("change",),
    ("whole",),
    ("decide",),
    ("render",),
    ("views",),
    ("api",),
    ("commands", "cli", "__main__"),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def imports(path: Path) -> set[str]:
    """Every module that `path` imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def layer(path: Path) -> str:
    return path.relative_to(ROOT / "gnnrec_core").parts[0].removesuffix(".py")


def core_files() -> list[Path]:
    return [path for path in (ROOT / "gnnrec_core").rglob("*.py") if path.parent != ROOT or path.stem != "__init__"]


def test_every_part_of_the_core_has_a_layer():
    assert {layer(path) for path in core_files()} - {"__init__"} <= set(RANK)


def test_arrows_point_one_way():
    wrong = []
    for path in core_files():
        own = layer(path)
        if own == "__init__":
            continue
        for module in imports(path):
            parts = module.split(".")
            if parts[0] != "gnnrec_core" or len(parts) == 1:
                continue
            other = parts[1]
            if RANK[other] > RANK[own] or {own, other} == {"explain", "audit"}:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong


def test_the_core_never_imports_streamlit_and_pages_never_import_torch():
    for path in core_files():
        assert not any(module.split(".")[0] in ("streamlit", "gnnrec_ui") for module in imports(path)), path
    for path in (ROOT / "pages").glob("*.py"):
        assert not any(module.split(".")[0] in ("torch", "scipy", "torch_geometric") for module in imports(path)), path


def imports_at_the_top(path: Path) -> set[str]:
    """The modules of ours that `path` needs before it can be used: imports outside functions and type checks."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("gnnrec_core", "gnnrec_ui")):
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for path in [p for folder in ("gnnrec_core", "gnnrec_ui") for p in (ROOT / folder).rglob("*.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def test_no_import_circle():
    known = modules()
    waiting = {name: imports_at_the_top(path) & known.keys() - {name} for name, path in known.items()}
    while free := [name for name, needs in waiting.items() if not needs & waiting.keys()]:
        for name in free:
            del waiting[name]
    assert not waiting


def test_no_plugin_imports_a_plugin():
    from gnnrec_core.audit.metrics import FAMILIES
    from gnnrec_core.audit.rerankers import RERANKERS
    from gnnrec_core.commands import COMMANDS
    from gnnrec_core.data.formats import READERS
    from gnnrec_core.explain import EXPLAINERS
    from gnnrec_core.models import DERIVED, MODELS

    plugins = [*MODELS, *DERIVED, *EXPLAINERS, *RERANKERS, *COMMANDS, *READERS]
    own = {plugin.target.partition(":")[0] for plugin in plugins} | {family.__name__ for family in FAMILIES}
    for module in own & modules().keys():
        others = imports(modules()[module]) & own - {module}
        assert not others, f"{module} imports {others}"


def test_rooms_are_small_and_say_what_they_are_for():
    for folder in {path.parent for path in modules().values()} | {ROOT / "pages"}:
        files = list(folder.glob("*.py"))
        assert len(files) <= 20, f"{folder.relative_to(ROOT)} has {len(files)} files: would rooms inside it say more?"
    for name, path in modules().items():
        if path.name == "__init__.py":
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{name} does not say what it is for"
