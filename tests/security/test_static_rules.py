"""Rules that are read off the code itself: nothing unpickled, no raw markup, no caller of the network."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("gnnrec_core", "gnnrec_ui", "pages", "benchmarks", "tools")
SOURCES = sorted([*ROOT.glob("*.py"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))])

FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
FORBIDDEN_CALLS = {
    "torch.load": "weights come from safetensors",
    "torch.save": "weights go to safetensors",
    "torch.jit.load": "TorchScript runs code",
    "pd.read_pickle": "unpickles",
    "pandas.read_pickle": "unpickles",
    "eval": "runs text",
    "exec": "runs text",
    "os.system": "runs a shell",
    "st.map": "loads tiles from the network",
    "components.html": "an iframe that reaches the app",
    "st.components.v1.html": "an iframe that reaches the app",
    "st.iframe": "an iframe of a string reaches the app",
}
FORBIDDEN_KEYWORDS = {
    "unsafe_allow_html": "markup from data",
    "unsafe_allow_javascript": "script from data",
    "allow_pickle": "unpickles",
    "shell": "runs a shell",
}
CSV_METHODS = {"to_csv", "write_csv", "to_excel", "write_excel"}
CSV_CALLS = {"csv.writer", "csv.DictWriter"}
EXPORTER = Path("gnnrec_core/base/text.py")
OWN_DATA_ONLY = ("benchmarks", "tools")
FORBIDDEN_MODULES = {"requests", "urllib.request", "httpx", "aiohttp", "ftplib", "smtplib"}


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute chain, else an empty string."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def breaches(source: str) -> list[str]:
    """What `source` does that our rules forbid, one line each."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                if name.split(".")[0] in FORBIDDEN_IMPORTS or name in FORBIDDEN_MODULES:
                    found.append(f"line {node.lineno}: imports {name}")
        elif isinstance(node, ast.Call):
            name = dotted(node.func)
            if isinstance(node.func, ast.Attribute) and (name in CSV_CALLS or node.func.attr in CSV_METHODS):
                found.append(f"line {node.lineno}: {node.func.attr} (CSV goes through gnnrec_core.base.text.csv_text)")
            if name in FORBIDDEN_CALLS:
                found.append(f"line {node.lineno}: {name} ({FORBIDDEN_CALLS[name]})")
            for keyword in node.keywords:
                constant = isinstance(keyword.value, ast.Constant) and not keyword.value.value
                if keyword.arg in FORBIDDEN_KEYWORDS and not constant:
                    found.append(f"line {node.lineno}: {keyword.arg} ({FORBIDDEN_KEYWORDS[keyword.arg]})")
                if keyword.arg == "weights_only":
                    found.append(f"line {node.lineno}: weights_only (weights come from safetensors)")
        elif isinstance(node, ast.ExceptHandler):
            broad = node.type is None or dotted(node.type) in ("Exception", "BaseException")
            if broad and all(isinstance(statement, ast.Pass) for statement in node.body):
                found.append(f"line {node.lineno}: an error is swallowed")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_code_keeps_the_rules(path):
    found = breaches(path.read_text(encoding="utf-8"))
    place = path.relative_to(ROOT)
    if place == EXPORTER or place.parts[0] in OWN_DATA_ONLY:
        found = [breach for breach in found if "csv_text" not in breach]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load('x', weights_only=True)",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "st.markdown(title, unsafe_allow_html=True)",
        "st.components.v1.html(page)",
        "subprocess.run(line, shell=True)",
        "eval(text)",
        "import urllib.request",
        "frame.to_csv()",
        "frame.map(f).write_csv(path)",
        "writer = csv.writer(file)",
        "try:\n    f()\nexcept Exception:\n    pass",
    ],
)
def test_the_rules_notice(code):
    assert breaches(code)


def test_the_project_names_no_machine_and_no_registry():
    words = re.compile(r"/work/|/root/|pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian\.org")
    text_files = [
        path
        for path in ROOT.rglob("*")
        if path.suffix in {".py", ".md", ".toml", ".txt", ".json", ".yml", ".sh", ".lock"}
        or path.name in ("Makefile", "Dockerfile")
        if not {".venv", ".git", "node_modules", "workspace", ".mypy_cache"} & set(path.relative_to(ROOT).parts)
    ]
    named = [str(path) for path in text_files if path != Path(__file__) and words.search(path.read_text("utf-8"))]
    assert named == []
