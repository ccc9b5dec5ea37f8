"""Every page and view, in light and dark, on a phone, a laptop and a wide screen: no console error, no foreign request,
nothing wider than the window, accessible.

The normal run opens each view once, in a look that goes round; `-m long` opens each in all six.
"""

from __future__ import annotations

import pytest

from tests.browser.app import PAGES
from tests.browser.conftest import Visit

EXPLAIN = ("Reasons", "Picture", "Paths", "Attention", "Methods", "What would change it", "Side by side", "Review")
VIEWS = {
    **{path or "home": (path, "") for path in PAGES if path != "explain"},
    **{f"explain {view}": (f"explain?view={view}", "") for view in EXPLAIN},
    "explain, a selected reason": ("explain?user=reader-0005&view=Picture&detail=many&target=score", ""),
    "explain, the strongest paths": ("explain?view=Paths&paths=walks", ""),
    "explain, attention": ("explain?run=gat&view=Attention", "Lift is attention"),
    "explain, beside a person": ("explain?view=Side by side&beside=person", ""),
    "explain, no parts": ("explain?run=popularity", "Explain it in"),
    "explain, lists alone": ("explain?run=incumbent", ""),
    "recommend, many nodes": ("recommend?nodes=250&hops=2", ""),
    "data, import": ("data?show=import", ""),
    "what if, somebody new": ("what_if?who=new&given=3,7", ""),
    "what if, refused": ("what_if?run=popularity&who=change", "Open it in"),
    "map, people": ("map?side=people", ""),
    "map, refused": ("map?run=itemknn", "Open it in"),
    "item, one": ("item?item=the-odyssey&group=region&view=one", "What would bring it to more people"),
    "drivers, groups": ("drivers?by=author&group=region", "What one driver decides"),
    "drivers, cases": ("drivers?whole=cases&shape=learned&group=region", "The strongest"),
    "drivers, parameters": ("drivers?whole=parameters", "Without profiling"),
    "drivers, card": ("drivers?whole=card", "no legal advice"),
    **{f"audit {section}": (f"audit?section={section}", "") for section in ("items", "fix", "all")},
    "audit, crossed": ("audit?group=age_band%2Bregion", ""),
    **{f"decide {part}": (f"decide?decide={part}", "") for part in ("plan", "read", "search", "smaller")},
    **{f"over time {part}": (f"over_time?section={part}", "") for part in ("drift", "shake", "rounds", "forget")},
    "over time, an attack": ("over_time?run=itemknn&section=attack", ""),
}
"""Each view with words to wait for, where its answer takes a while."""
LOOKS = [(scheme, width) for width in (1280, 390, 1920) for scheme in ("light", "dark")]
ONCE = [(name, *LOOKS[place % len(LOOKS)]) for place, name in enumerate(VIEWS)]
OTHERS = [(name, *look) for name in VIEWS for look in LOOKS if (name, *look) not in ONCE]


def is_clean(visit: Visit, name: str, scheme: str, width: int) -> None:
    path, sign = VIEWS[name]
    with visit(scheme=scheme, width=width) as visitor:
        page = visitor.open(path)
        if sign:
            page.get_by_text(sign).first.wait_for()
            visitor.settle()
        visitor.no_error()
        visitor.shot(f"{name}-{scheme}-{width}")
        assert visitor.overflow() <= 0
        findings = visitor.accessibility()
        assert not findings, "\n".join(findings)


@pytest.mark.parametrize(("name", "scheme", "width"), ONCE)
def test_a_view_is_clean_readable_and_accessible(visit: Visit, name: str, scheme: str, width: int) -> None:
    is_clean(visit, name, scheme, width)


@pytest.mark.long
@pytest.mark.parametrize(("name", "scheme", "width"), OTHERS)
def test_a_view_is_clean_readable_and_accessible_in_every_look(
    visit: Visit, name: str, scheme: str, width: int
) -> None:
    is_clean(visit, name, scheme, width)
