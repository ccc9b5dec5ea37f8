"""Which way imports point: each layer knows only the layers before it."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = (
    ("errors", "registry", "settings", "files", "checked", "text", "terminal", "pseudonyms", "progress"),
    ("data",),
    ("graph",),
    ("ranking",),
    ("models",),
    ("recommend", "fold_in"),
    ("explain", "audit"),
    ("viz",),
    ("report",),
    ("jobs", "library", "reviews", "trial"),
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
