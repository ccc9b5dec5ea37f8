"""Every text that a widget or the terminal shows goes through the function for its kind of sink: read off the code."""

import ast
from pathlib import Path

import pytest

from tests.security.test_static_rules import ROOT, dotted

MARKDOWN = {
    **dict.fromkeys(
        ("button", "download_button", "form_submit_button", "checkbox", "toggle", "text_input"), ("label",)
    ),
    **dict.fromkeys(("text_area", "number_input", "slider", "expander", "popover", "file_uploader"), ("label",)),
    **dict.fromkeys(("selectbox", "multiselect", "page_link"), ("label",)),
    **dict.fromkeys(("pills", "segmented_control", "radio", "select_slider"), ("label", "options")),
    "tabs": ("tabs",),
    "metric": ("label", "value", "delta"),
    "badge": ("label",),
    "toast": ("body",),
    **dict.fromkeys(("markdown", "caption", "info", "warning", "error", "success", "subheader", "header"), ("body",)),
}
"""Calls whose arguments of these names, in this order, are read as Markdown; so is the help text of all of them."""
WRAPPERS = {
    "choose_one": ("label",),
    "choose_some": ("label",),
    "choose": ("label",),
    "choose_items": ("study", "label"),
    "choose_item": ("study", "listed", "label"),
    "choose_user": ("study", "label"),
    "find_one": ("label",),
    "_one_control": ("label",),
    "link": ("name", "label"),
    "_button": ("label",),
    "_metric": ("label", "value", "meaning"),
    "_present": ("label",),
    "_go": ("link", "number", "label"),
    "chart": ("figure", "reading"),
    "notice": ("sentence",),
    "waiting_room": ("work", "what"),
    "guide": ("name",),
    "choose_column": ("label",),
    "download": ("label",),
    "answered": ("study", "what"),
    "when_wanted": ("study", "label", "icon", "help"),
}
"""Functions of ours that hand these arguments on to a widget: what calls them is looked at in the same way."""
MENUS = ("selectbox", "multiselect")
SAFE = {"for_label", "for_markdown", "len", "int", "round", "min", "max", "range"}
NUMBERS = {
    "spoken",
    "figure",
    "theme.number",
    "theme.percent",
    "theme.signed",
    "theme.ordinal",
    "figures.title",
    "figures.definition",
}
NUMBERS |= {"forms.label", "label", "definition", "title", "_help", "_others", "roles.why_not", "role"}
JOINED = {"_joined"}
"""Functions that only put together what they are given."""
OURS = {"title", "summary", "icon", "reading", "definition", "description", "kind"}
"""Attributes of plug-ins, screens and metrics: our own words."""
REVIEWED = {
    ("dataset_view.py", "overview"): "a span of days",
    ("answer.py", "_figures"): "a sentence of ours with shares",
    ("answer.py", "reasons"): "the level of a removal, in our words",
    ("audit_view.py", "basis"): "figures and a part of the data",
    ("audit_view.py", "_never_shown"): "the length of the lists",
    ("scorecard_view.py", "scorecard_view"): "names of verdicts, in our words",
    ("change.py", "_enters"): "how many were tried",
    ("change.py", "_leaves"): "how many were tried, and how it is minimal",
    ("change.py", "_trained_again"): "how many suffice",
    ("compare_view.py", "table"): "the length of the lists and a part of the data",
    ("dataset_view.py", "charts"): "titles of charts, in our words",
    ("luck_view.py", "_shares"): "figures",
    ("method_cards.py", "method_card"): "the docstring of a method",
    ("new_training.py", "expected_time"): "figures of a trial",
    ("paths.py", "_layers"): "figures",
    ("paths.py", "paths"): "one of two sentences of ours",
    ("planted_view.py", "planted_view"): "titles of plug-ins",
    ("state.py", "open_notices"): "what was a notice before",
    ("roles.py", "say_refusal"): "what the workspace says when it is read-only",
    ("shell.py", "boundary"): "a number of ours",
    ("review.py", "review"): "three words of ours",
    ("forms.py", "settings_form"): "names of classes of settings",
    ("import_view.py", "_columns"): "the roles of columns, in our words",
    ("import_view.py", "_effect"): "names of parts, in our words",
    ("jobs_view.py", "_training"): "the states of a training, in our words",
    ("map_view.py", "map_view"): "sides of the map, in our words",
    ("popovers.py", "popover"): "hands its label on; every caller gives a constant",
    ("shell.py", "_draw_menu"): "pages, in our words",
    ("gate_view.py", "_people"): "one of two words of ours before an inert title",
    ("parameters_view.py", "card_view"): "questions of ours",
    ("neighbourhood_view.py", "neighbourhood_view"): "one of two sentences of ours",
    ("explain.py", ""): "titles of the views, in our words",
    ("story.py", "guide"): "steps of the demo, in our words",
    ("story.py", "tell"): "steps of the demo, in our words",
}
"""Read by a person: what these functions show is ours, though the rule cannot see it."""


class Scope:
    """What the names of one function stand for: every expression that is assigned to them."""

    def __init__(self, function: ast.AST) -> None:
        self.values: dict[str, list[ast.AST | None]] = {}
        arguments = getattr(function, "args", None)
        handed_on = (*WRAPPERS.get(getattr(function, "name", ""), ()), "help")
        for each in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs] if arguments else ():
            safe = not _is_text(each.annotation) or (each.arg in handed_on and function.name in WRAPPERS)  # type: ignore[attr-defined]
            self.values[each.arg] = [ast.Constant(0) if safe else None]
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._bind(target, node.value)
            elif isinstance(node, (ast.AnnAssign, ast.AugAssign)) and node.value is not None:
                self._bind(node.target, node.value)
            elif isinstance(node, (ast.For, ast.comprehension)):
                self._loop(node.target, node.iter)

    def _bind(self, target: ast.AST, value: ast.AST | None) -> None:
        if isinstance(target, ast.Name):
            self.values.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple):
            parts = value.elts if isinstance(value, ast.Tuple) else [None] * len(target.elts)
            for each, part in zip(target.elts, parts, strict=False):
                self._bind(each, part)

    def _loop(self, target: ast.AST, of: ast.AST) -> None:
        if isinstance(of, ast.Tuple | ast.List):
            for each in of.elts:
                self._bind(target, each)
        else:
            self._bind(target, None)


def _is_text(annotation: ast.AST | None) -> bool:
    """Whether an argument may hold text: all that are not declared as numbers."""
    return not (isinstance(annotation, ast.Name) and annotation.id in ("int", "float", "bool"))


def inert(node: ast.AST | None, scope: Scope, depth: int = 0) -> bool:
    """Whether an expression can hold nothing but our own words, numbers, and text through the function of its sink."""
    if node is None or depth > 12:
        return False
    deeper = lambda part: inert(part, scope, depth + 1)  # noqa: E731
    if isinstance(node, ast.Constant | ast.Compare):
        return True
    if isinstance(node, ast.JoinedStr):
        return all(deeper(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        spec = (
            "".join(str(part.value) for part in node.format_spec.values if isinstance(part, ast.Constant))
            if node.format_spec
            else ""
        )
        return spec[-1:] in tuple(",fgd%e") or deeper(node.value)
    if isinstance(node, ast.IfExp):
        return deeper(node.body) and deeper(node.orelse)
    if isinstance(node, ast.BoolOp):
        return all(deeper(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return deeper(node.left) and deeper(node.right)
    if isinstance(node, ast.Tuple | ast.List):
        return all(deeper(part) for part in node.elts)
    if isinstance(node, ast.Dict):
        return all(deeper(part) for part in node.values)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return deeper(node.elt)
    if isinstance(node, ast.Starred):
        return deeper(node.value)
    if isinstance(node, ast.Name):
        values = scope.values.get(node.id)
        return node.id.isupper() or (bool(values) and all(deeper(value) for value in values))
    if isinstance(node, ast.Attribute):
        return node.attr in OURS or node.attr.startswith("n_") or node.attr.isupper()
    if isinstance(node, ast.Subscript):
        return deeper(node.value)
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        if name.split(".")[-1] in SAFE or name in NUMBERS:
            return True
        if name in JOINED:
            return all(deeper(part) for part in node.args)
        if isinstance(node.func, ast.Attribute) and node.func.attr in (
            "join",
            "strip",
            "capitalize",
            "replace",
            "upper",
            "title",
        ):
            return deeper(node.func.value) and all(deeper(part) for part in node.args)
    return False


def bypasses(source: str) -> list[tuple[str, int, str]]:
    """(function, line, what) of each text that reaches a sink in another way."""
    tree, found = ast.parse(source), []
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {id(child): function for function in functions for child in ast.walk(function)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        kind = (dotted(node.func) or getattr(node.func, "attr", "")).split(".")[-1]
        sinks = {**MARKDOWN, **WRAPPERS}
        if kind not in sinks or (kind in MARKDOWN and not isinstance(node.func, ast.Attribute)) or _is_other(node.func):
            continue
        function = inside.get(id(node), tree)
        scope = Scope(function)
        given = dict(zip(sinks[kind], node.args, strict=False)) | {k.arg: k.value for k in node.keywords}
        for part in (*sinks[kind], "help", "placeholder"):
            if part in ("study", "listed", "name", "link", "number", "figure", "work"):
                continue
            shown = given.get("format_func") if part == "options" and "format_func" in given else given.get(part)
            if part == "options" and isinstance(shown, ast.Lambda):
                shown = shown.body
            if part == "options" and isinstance(shown, ast.Attribute) and shown.attr == "upper":
                shown = given["options"]
            if part in given and not inert(shown, scope):
                found.append(
                    (getattr(function, "name", ""), node.lineno, f"{kind}({part}={ast.unparse(given[part])[:60]})")
                )
        if kind in MENUS and not _menu_is_clean(given, node, scope):
            found.append((getattr(function, "name", ""), node.lineno, f"{kind} shows options without for_option"))
    return found


def _is_other(function: ast.AST) -> bool:
    """Calls of the same name that show nothing: `rng.choice`, `state.choose`, `figures.title`."""
    return dotted(function).split(".")[0] in ("np", "pd", "self", "theme", "figures", "state", "rng", "random")


def _menu_is_clean(given: dict[str | None, ast.AST], node: ast.Call, scope: Scope) -> bool:
    """A menu shows text as it is: only hidden characters matter."""
    shown = given.get("format_func")
    if shown is None:
        return len(node.args) > 1 and inert(node.args[1], scope)
    body = shown.body if isinstance(shown, ast.Lambda) else shown
    cleaning = ("for_option", "clean")
    if isinstance(body, ast.Name) and (body.id in cleaning):
        return True
    return any(isinstance(part, ast.Call) and dotted(part.func) in cleaning for part in ast.walk(body)) or inert(
        body, scope
    )


FILES = sorted([*(ROOT / "gnnrec_ui").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_text_reaches_a_widget_in_another_way(path):
    found = bypasses(path.read_text(encoding="utf-8"))
    assert [each for each in found if (path.name, each[0]) not in REVIEWED] == []


def test_nothing_is_excused_that_the_rule_lets_through():
    used = {(path.name, each[0]) for path in FILES for each in bypasses(path.read_text(encoding="utf-8"))}
    assert set(REVIEWED) <= used


@pytest.mark.parametrize(
    "code",
    [
        "st.pills('Links', relations)",
        "st.pills('Links', relations, format_func=relation_label)",
        "st.segmented_control('x', [entry.name for entry in entries])",
        "st.selectbox('x', titles)",
        "st.selectbox('x', titles, format_func=str)",
        "st.tabs([dataset.name, 'b'])",
        "st.button(f'Back to {raw_id}')",
        "st.metric('Model', run.record.model)",
        "st.caption(f'Of {title}')",
        "chart(figure, f'What {title} does')",
        "st.button('x', help=f'Of {title}')",
        "def f(title: str):\n    st.toast(title)",
        "def f(titles):\n    label = titles[0]\n    st.expander(label)",
        "for name in names:\n    st.toast(name)",
        "shell.link('explain', f'Explain {title}')",
    ],
)
def test_the_rule_notices(code):
    assert bypasses(code)


@pytest.mark.parametrize(
    "code",
    [
        "st.pills('Links', relations, format_func=lambda name: for_label(relation_label(name)))",
        "st.selectbox('x', titles, format_func=for_option)",
        "st.button(f'{n:,} more', help=NOTE)",
        "def f(n: int):\n    st.toast(f'{n} left')",
        "said = for_markdown(title)\nst.toast(f'On {said}')",
    ],
)
def test_the_rule_lets_through(code):
    assert bypasses(code) == []


def test_the_terminal_is_written_to_in_one_place():
    """`print` and `sys.stdout` stand in `terminal.py`, and where a child talks to its parent in JSON."""
    for path in sorted((ROOT / "gnnrec_core").rglob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        names = {dotted(node.func) for node in calls}
        allowed = path.name in ("terminal.py", "parsing_child.py")
        assert allowed or not names & {"print", "sys.stdout.write", "sys.stderr.write"}, Path(path).name
