"""The real app without a browser: Streamlit's AppTest on the shipped sample, with a workspace of its own."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from gnnrec_core.base.places import PROJECT


def open_page(name: str, **parameters: str) -> AppTest:
    """The page as a deep link opens it."""
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=600)
    for key, value in parameters.items():
        app.query_params[key] = value
    app.run()
    if name != "home":
        app.switch_page(str(PROJECT / "pages" / f"{name}.py"))
        for key, value in parameters.items():
            app.query_params[key] = value
        app.run()
    assert not app.exception, app.exception
    return app


def with_network_table(app: AppTest) -> AppTest:
    """The page with the table below its picture opened."""
    app.session_state["_network_table"] = True
    return app.run()


def texts(app: AppTest) -> str:
    """All Markdown and captions of the page in one string, escapes undone."""
    said = [element.value for element in (*app.markdown, *app.caption, *app.subheader, *app.title)]
    return "\n".join(said).replace("\\", "")


def parameter(app: AppTest, key: str) -> str | None:
    """One parameter of the URL."""
    value: Any = app.query_params.get(key)
    return value[0] if isinstance(value, list) else value


def widget(elements: Any, label: str) -> Any:
    """The one widget with that label, escapes undone."""
    found = [element for element in elements if element.label.replace("\\", "") == label]
    assert len(found) == 1, (label, [element.label for element in elements])
    return found[0]


class _WarmPages(PagesManager):
    """AppTest resets this class before each run, not the real one."""


@pytest.fixture(autouse=True)
def own_workspace(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a developer has trained is seen by the tests.

    AppTest plays a server that has never run `app.py` before every single run; here each run finds a server that has,
    as all but the very first visit do.
    """
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path))
    monkeypatch.setattr(app_test, "PagesManager", _WarmPages)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
