"""Five files as people have them, dropped in the real app: each shows its right figures before anything is stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.data.bad_inputs import good_rows, text

ROWS = good_rows()
LABELS = [[*row[:2], "1" if n % 3 else "0", row[3]] for n, row in enumerate(ROWS)]
FILES = {
    "dates.csv": (text([[*row[:3], f"202204{n % 28 + 1:02}"] for n, row in enumerate(ROWS)]), "240"),
    "labels.csv": (text(LABELS, header="user_id,item_id,label,timestamp"), "160"),
    "aligned.txt": ("".join("{:>5}{:>6}{:>4}\n".format(*row) for row in ROWS), "240"),
    "named.csv": (text([[*row[:3], f'"Apr {n % 28 + 1}, 2012"'] for n, row in enumerate(ROWS)]), "240"),
    "faulty.csv": (text(ROWS) + "u1,i1,five,1600000000\nu1,i2,3,yesterday\n", "240"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_as_people_have_it(visit: Visit, tmp_path: Path, name: str) -> None:
    content, n_interactions = FILES[name]
    (tmp_path / name).write_text(content, encoding="utf-8")
    with visit() as visitor:
        page = visitor.open("data?show=import")
        visitor.drop(tmp_path / name)
        if name == "faulty.csv":
            expect(page.get_by_text("'five' is not a number")).to_be_visible()
            page.get_by_role("button", name="Leave this row out").click()
            visitor.settle()
        figure = page.locator("[data-testid=stMetric]").filter(has=page.get_by_text("Interactions", exact=True))
        expect(figure.locator("[data-testid=stMetricValue]").first).to_have_text(n_interactions)
        visitor.no_error()
