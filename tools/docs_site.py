"""The documentation site: a hook of MkDocs that writes pages from what the code declares, and the navigation.

Run MkDocs from the top of the project as `python -m mkdocs`, as `make docs` does.

Models, explainers, re-rankers, readers, metrics, commands and pages are listed from their tables, so what another
package brings appears too. A new file in `docs/` finds its place by its name.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from gnnrec_core import VERBS
from gnnrec_core.audit.metrics.documentation import metrics_page
from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.base.registry import Plugin, Registry
from gnnrec_core.base.settings import SettingField, describe_settings
from gnnrec_core.cli import parser_of
from gnnrec_core.commands import COMMANDS
from gnnrec_core.data.formats import READERS
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.models import DERIVED, MODELS
from gnnrec_ui.frame.screens import SCREENS

ROOT = Path(__file__).resolve().parents[1]
HELP_WIDTH = 100
GUIDES = ("first-ten-minutes", "analysts-hour", "audits-day")
LAID_OUT = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changes.md": "CHANGELOG.md"}
"""Pages of the site that are files at the top of the project."""
_SIGNS = re.compile(r"(`[^`]*`|^ {4}.*$)|[<*_](?! )", re.MULTILINE)
LINKS = {"CHANGELOG.md": "changes.md", "LICENSE": "LICENSE.txt", "docs/decisions": "decisions/0001-dependencies.md"}
"""Links between those files, and where they lead in the site."""


def pages() -> dict[str, Callable[[], str]]:
    """Each written page by its place in the site."""
    return {
        "reference/verbs.md": verbs_page,
        "reference/models.md": lambda: plugins_page(
            "Models", "`gnnrec train DATASET --model NAME --set SETTING=VALUE`", MODELS, DERIVED
        ),
        "reference/explainers.md": lambda: plugins_page(
            "Explanation methods", "`gnnrec explain RUN --user ID --item ID --method NAME`", EXPLAINERS
        ),
        "reference/rerankers.md": lambda: plugins_page(
            "Re-rankers", "`gnnrec mitigate RUN --method NAME --set SETTING=VALUE`", RERANKERS
        ),
        "reference/formats.md": lambda: plugins_page(
            "Formats that can be read", "`gnnrec data import SOURCE --format NAME`", READERS
        ),
        "reference/commands.md": commands_page,
        "reference/pages.md": screens_page,
        "metrics.md": written_metrics,
        **{place: lambda file=file: laid_out(file) for place, file in LAID_OUT.items()},
    }


def on_config(config: Any) -> Any:
    """The navigation: what is in `docs/`, and the written pages."""
    docs = Path(config.docs_dir)
    own = sorted(path.name for path in docs.glob("*.md") if path.name not in ("metrics.md", "architecture.md"))
    config.nav = [
        {"Home": "index.md"},
        {"Guides": [f"guides/{name}.md" for name in GUIDES]},
        {"How to": own},
        {
            "Reference": [
                "reference/verbs.md",
                *_below(docs, "reference"),
                "metrics.md",
                *(place for place in pages() if place.startswith("reference/") and place != "reference/verbs.md"),
            ]
        },
        {"Inside": ["architecture.md", "contributing.md", "changes.md", {"Decisions": _below(docs, "decisions")}]},
    ]
    return config


def on_files(files: Any, *, config: Any) -> Any:
    """Add the written pages, in place of files of the same name."""
    from mkdocs.structure.files import File

    for place, write in pages().items():
        found = files.get_file_from_path(place)
        if found is not None:
            files.remove(found)
        files.append(File.generated(config, place, content=write()))
    files.append(File.generated(config, "LICENSE.txt", abs_src_path=str(ROOT / "LICENSE")))
    return files


def verbs_page() -> str:
    """The facade, each verb with its signature and docstring."""
    parts = ["# Verbs\n\nWhat `import gnnrec_core as gr` offers: ids in, tables out.\n"]
    return "\n".join([*parts, *(f"::: {module}.{name}\n" for name, module in VERBS.items())])


def plugins_page(title: str, use: str, *tables: Registry) -> str:
    """What each plug-in of these tables says of itself, with its settings."""
    return "".join([f"# {title}\n\n{use}\n", *(_entry(plugin) for table in tables for plugin in table)])


def commands_page() -> str:
    """Every command as its `--help` prints it."""
    parts = ["# Commands\n\n`gnnrec COMMAND` and `python -m gnnrec_core COMMAND` are the same.\n"]
    for plugin in COMMANDS:
        parser = parser_of(plugin.name)
        parser.formatter_class = partial(argparse.HelpFormatter, width=HELP_WIDTH)
        parts.append(f"\n## {plugin.name}\n\n{_said(plugin)}\n```text\n{parser.format_help()}```\n")
    return "".join(parts)


def screens_page() -> str:
    """Every page of the app, with what it shows and how to read it."""
    parts = ["# Pages of the app\n\n`gnnrec app`\n"]
    for screen in SCREENS.values():
        said = screen.reading if screen.plugin is None else _said(screen.plugin)
        parts.append(f"\n## {screen.title} (`/{screen.name}`)\n\n{said}\n")
    return "".join(parts)


def written_metrics() -> str:
    """The definitions of all metrics, with their figures in the small world of the tests."""
    from tests.audit.oracle_world import world

    return metrics_page(world())


def laid_out(file: str) -> str:
    """A page at the top of the project, with its links as the site has them."""
    text = (ROOT / file).read_text(encoding="utf-8")
    for written, meant in LINKS.items():
        text = text.replace(f"]({written})", f"]({meant})")
    return text.replace("](docs/", "](")


def _entry(plugin: Plugin) -> str:
    """Title, summary, the definition from its own documentation, and its settings."""
    made = plugin.load()
    module = import_module(plugin.target.partition(":")[0])
    definition = "\n\n".join(_prose(doc) for doc in (inspect.getdoc(made), module.__doc__) if doc)
    parts = [f"\n## {plugin.title} (`{plugin.name}`)\n\n{_said(plugin)}\n{definition}\n"]
    settings = getattr(made, "settings_type", None)
    fields = describe_settings(settings) if settings is not None else ()
    if fields:
        parts.append("\n| setting | default | allowed | meaning |\n|---|---|---|---|\n")
        parts += [_setting(field) for field in fields]
    return "".join(parts)


def _said(plugin: Plugin) -> str:
    """The summary, and where the plug-in comes from where it is not ours."""
    return f"{plugin.summary}\n" + (f"\nFrom the package `{plugin.package}`.\n" if plugin.package else "")


def _prose(docstring: str) -> str:
    """A docstring as Markdown: signs of formulas are no markup, code spans and indented formulas stay as they are."""
    return _SIGNS.sub(lambda found: found[1] or f"\\{found[0]}", inspect.cleandoc(docstring))


def _setting(field: SettingField) -> str:
    """One row of the table of settings."""
    allowed = ", ".join(f"`{choice}`" for choice in field.choices) or _range(field)
    return f"| `{field.name}` | `{field.default!r}` | {allowed} | {field.description.replace('|', chr(92) + '|')} |\n"


def _range(field: SettingField) -> str:
    """What a setting may be, in words: "int, 1 to 10"."""
    low, high = (None if end is None else f"{end:,.10g}" for end in (field.low, field.high))
    if low is None or high is None:
        words = f"from {low}" if low is not None else f"up to {high}" if high is not None else ""
        return ", ".join(filter(None, (field.kind, words)))
    return f"{field.kind}, {low} to {high}"


def _below(docs: Path, folder: str) -> list[str]:
    """The pages of a folder in `docs/`, by name."""
    return [f"{folder}/{path.name}" for path in sorted((docs / folder).glob("*.md"))]
