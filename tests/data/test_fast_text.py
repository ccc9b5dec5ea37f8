"""The fast way to read text and the careful one tell the same story, or the fast one stands back."""

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.data.text.careful_text import read_careful
from gnnrec_core.data.text.dialect import guess_dialect
from gnnrec_core.data.text.fast_text import read_fast
from gnnrec_core.data.text.odd_lines import line_bytes
from gnnrec_core.data.text.plain import head_text, plain_text
from tests.data.bad_inputs import good_rows, text

HEAD = "user_id,item_id,rating"
CELLS = st.sampled_from(
    ["1", "7", "007", "", "u1", '""', '"8"', '"a,b"', '"a""b"', 'a"b', "+5", "4.5", " 3", "-2", "é", "\r"]
)
ROWS = st.lists(CELLS, min_size=3, max_size=3).map(",".join)
ODD = st.sampled_from(
    ["", "  ", "1,2", "x", HEAD, '"1","2","3"', '"1,2,3', "1,2,3,", "1,2,3,4", '"user_id","item_id","rating"']
)


def both(path, delimiter=None):
    """What the fast and the careful reader make of a file: cells as text, lines and problems; or None, or an error."""
    dialect = guess_dialect(head_text(path), path.name, delimiter)
    with plain_text(path) as plain:
        answers = []
        for read in (read_fast, read_careful):
            try:
                table = read(plain, dialect, dialect.names)
            except LensError as error:
                answers.append(error.message)
                continue
            if table is None:
                answers.append(None)
                continue
            cells = table.frame.select(pl.all().cast(pl.String).fill_null("")).rows()
            lines = [table.line(row) for row in range(len(cells))]
            answers.append((cells, lines, table.n_in, table.problems))
    return answers


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.lists(st.one_of(ROWS, ROWS, ROWS, ODD), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.integers(0, 3),
)
@example(["1,2,3", "007,2,3", "1,\r,3"], "\r\n", True, 2)
def test_the_fast_way_agrees_with_the_careful_one_or_stands_back(tmp_path_factory, rows, end, last_end, n_plain):
    path = tmp_path_factory.mktemp("fast") / "log.csv"
    lines = [HEAD, *["1,2,3", "4,5,1"][:n_plain], *rows]
    path.write_bytes((end.join(lines) + (end if last_end else "")).encode())
    try:
        fast, careful = both(path)
    except LensError:
        return  # not a table at all
    assert fast is None or fast == careful


def quoted(rows):
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in [HEAD.split(","), *rows]) + "\n"


LOG = [row[:3] for row in good_rows()]
DIRT = {
    "clean": text(LOG, HEAD),
    "all quoted": quoted(LOG),
    "CRLF": text(LOG, HEAD, end="\r\n"),
    "mixed line ends": text(LOG[:9], HEAD, end="\r\n") + text(LOG[9:], None),
    "titles with commas": text([[*row, '"Good, the Bad"'] for row in LOG], HEAD + ",title"),
    "short and blank lines": text(LOG[:50], HEAD) + "u1,i1\n\n" + text(LOG[50:], None) + "u2\n",
    "a header again": text(LOG, HEAD) + text(LOG, HEAD),
    "empty ids": text(LOG, HEAD) + ",i1,3\nu1,,\n",
    "two colons": text(LOG, HEAD, "::"),
}


@pytest.mark.parametrize("content", DIRT.values(), ids=DIRT)
def test_common_dirt_keeps_the_fast_way(tmp_path, content):
    path = tmp_path / "log.csv"
    path.write_bytes(content.encode())
    fast, careful = both(path)
    assert fast is not None and fast == careful


def test_single_lines_are_found_across_blocks(tmp_path):
    path = tmp_path / "lines.txt"
    lines = [f"{'x' * (number % 997)}{number}\n".encode() for number in range(3000)] + [b"last"]
    path.write_bytes(b"".join(lines))
    wanted = np.array([1, 2, 500, 2999, 3000, 3001])
    assert line_bytes(path, wanted) == [lines[number - 1] for number in wanted]
