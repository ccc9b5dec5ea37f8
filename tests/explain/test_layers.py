"""The layer table sums to what is explained."""

import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.walks.layer_table import layer_table
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE


@pytest.mark.parametrize("name", ["lightgcn", "gat"])
@pytest.mark.parametrize("target", ["score", "margin"])
def test_all_entries_sum_to_the_explained_number(name, target):
    run = load_run(SAMPLE / "runs" / name)
    case = make_case(run.model, run.dataset, 4, 7, target, 10)
    table = layer_table(run.model, case)
    assert table.sum() == pytest.approx(case.explained, abs=1e-4)
    assert table.shape == (run.settings.n_layers + 1,) * 2


def test_a_model_without_messages_is_refused():
    run = load_run(SAMPLE / "runs" / "itemknn")
    with pytest.raises(UnsupportedError, match="no layers"):
        layer_table(run.model, make_case(run.model, run.dataset, 4, 7, "score", 10))
