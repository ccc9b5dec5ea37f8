"""Every page, in light and dark, wide and narrow: no console error, no foreign request, readable, accessible."""

from __future__ import annotations

import pytest

from tests.browser.app import PAGES
from tests.browser.conftest import Visit


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390)])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "home")
def test_a_page_is_clean_readable_and_accessible(visit: Visit, path: str, scheme: str, width: int) -> None:
    with visit(scheme=scheme, width=width) as visitor:
        visitor.open(path)
        visitor.no_error()
        visitor.shot(f"{path or 'home'}-{scheme}-{width}")
        assert visitor.overflow() <= 0
        findings = visitor.accessibility()
        assert not findings, "\n".join(findings)
