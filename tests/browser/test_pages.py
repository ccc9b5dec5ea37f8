"""Every page, in light and dark, wide and narrow: no console error, no foreign request, readable, accessible."""

from __future__ import annotations

import pytest

from tests.browser.app import PAGES
from tests.browser.conftest import Visit


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "home")
def test_a_page_is_clean_and_accessible(visit: Visit, path: str, scheme: str) -> None:
    with visit(scheme=scheme) as visitor:
        visitor.open(path)
        visitor.no_error()
        visitor.shot(f"{path or 'home'}-{scheme}-1280")
        assert visitor.overflow() <= 0
        findings = visitor.accessibility()
        assert not findings, "\n".join(findings)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "home")
def test_a_page_fits_a_phone(visit: Visit, path: str) -> None:
    with visit(width=390) as visitor:
        visitor.open(path)
        visitor.no_error()
        visitor.shot(f"{path or 'home'}-light-390")
        assert visitor.overflow() <= 0
