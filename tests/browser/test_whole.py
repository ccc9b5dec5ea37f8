"""The Drivers and Item pages when their answers stand there: readable, accessible, without a console error."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit

VIEWS = {
    "drivers": ("drivers?by=author&group=region", "What one driver decides"),
    "cases": ("drivers?whole=cases&shape=learned&group=region", "The strongest"),
    "parameters": ("drivers?whole=parameters", "Without profiling"),
    "card": ("drivers?whole=card", "no legal advice"),
    "item": ("item?item=the-odyssey&group=region", "What would bring it to more people"),
}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("name", VIEWS)
def test_an_answer_is_clean_readable_and_accessible(visit: Visit, name: str, scheme: str, width: int) -> None:
    path, sign = VIEWS[name]
    with visit(scheme=scheme, width=width) as visitor:
        visitor.open(path).get_by_text(sign).first.wait_for()
        visitor.settle()
        visitor.no_error()
        visitor.shot(f"whole-{name}-{scheme}-{width}")
        assert visitor.overflow() <= 0
        findings = visitor.accessibility()
        assert not findings, "\n".join(findings)
