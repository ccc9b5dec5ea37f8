"""The tables of the Methods page, from results whose figures are known."""

from gnnrec_core.render import theme
from gnnrec_ui.retraining_view import methods_table, retraining_table

FOUND = {
    "gat": {
        "agreement": {
            "spearman_score": {"in_this_model": 0.5, "foretold": 0.8, "one_seed_for_the_others": 0.9},
            "spearman_margin": {"in_this_model": 0.6, "foretold": 0.7, "one_seed_for_the_others": 0.95},
            "coverage_of_80_percent_interval": 0.79,
        },
        "strong_sets": {"n": 40, "in_or_out_right": {"in_this_model": 0.6, "foretold": 0.95}},
        "methods": {"random": {"n": 9, "spearman": 0.01}, "ledger": {"n": 9, "spearman": 0.623}},
    },
    "graphsage": {
        "agreement": {
            "spearman_score": {"in_this_model": 0.4},
            "spearman_margin": {"in_this_model": 0.3},
            "coverage_of_80_percent_interval": 0.7,
        }
    },
}


def test_each_level_that_was_measured_has_a_row():
    table = retraining_table(FOUND)
    assert table["Trained again"].tolist() == ["GAT, sample"] * 3 + ["GraphSAGE, sample"]
    assert table["Level"].tolist() == ["In this model", "Foretold", "One seed for the others", "In this model"]
    assert table["Order of leads"].tolist() == [0.6, 0.7, 0.95, 0.3]
    assert table["In or out right"].notna().tolist() == [True, True, False, False]
    assert table["Range holds"].dropna().tolist() == [theme.percent(0.79, 0)]


def test_methods_stand_best_first_under_their_titles():
    table = methods_table(FOUND)
    assert table.columns.tolist() == ["Method", "GAT, sample"]
    assert table.values.tolist() == [["Ledger", 0.62], ["Random", 0.01]]
    assert methods_table({"graphsage": FOUND["graphsage"]}).empty
