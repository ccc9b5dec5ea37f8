"""The catalogue of 80 bad inputs: for each number what it is, how it ends, and which test says so.

R: refused (exit 2: file, line, column, value, what to do). F: repaired, with count and lines. W: kept, with a warning.
"""

from importlib import import_module

import pytest

from gnnrec_core.base.errors import DataError, RunError
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset

A, B, HERE, UI = "test_bad_inputs", "test_bad_inputs_more", "test_catalogue", "tests.ui.test_forms"
CATALOGUE = {
    1: ("empty file", "R", A, "test_01_an_empty_file"),
    2: ("header only", "R", A, "test_02_a_header_only"),
    3: ("whitespace only", "R", A, "test_03_blanks_only"),
    4: ("no header", "R or W", A, "test_04_no_header"),
    5: ("UTF-8 BOM", "F", A, "test_05_a_byte_order_mark"),
    6: ("UTF-16", "F", A, "test_06_utf_16"),
    7: ("Latin-1", "R, F when named", A, "test_07_latin_1_only_when_a_person_says_so"),
    8: ("mixed encodings", "R", A, "test_08_two_encodings_in_one_file"),
    9: ("semicolons", "F", A, "test_09_10_11_other_delimiters"),
    10: ("tabs in .csv", "F", A, "test_09_10_11_other_delimiters"),
    11: ("MovieLens ::", "F", A, "test_11_movielens_without_a_header"),
    12: ("no item column", "R", A, "test_12_no_item_column"),
    13: ("header case and blanks", "F", A, "test_13_header_in_other_case_and_with_blanks"),
    14: ("duplicate header", "R", A, "test_14_a_column_name_twice"),
    15: ("empty user ids", "F", A, "test_15_empty_user_ids"),
    16: ("ids NA, null, None", "W", A, "test_16_ids_that_read_like_missing_stay"),
    17: ("negative rating", "W, R by scale", A, "test_17_a_negative_rating"),
    18: ("inf, 1e999", "F", A, "test_18_infinite_ratings"),
    19: ("rating 'five'", "R", A, "test_19_a_word_for_a_rating"),
    20: ("decimal comma", "F", A, "test_20_decimal_commas"),
    21: ("26-digit ids", "kept", A, "test_21_ids_of_26_digits"),
    22: ("integers above 2^53 beside a blank", "kept", A, "test_22_large_integers_beside_a_blank"),
    23: ("times in ms", "F", A, "test_23_milliseconds"),
    24: ("times in s and ms", "R", A, "test_24_seconds_and_milliseconds_mixed"),
    25: ("ISO times", "F", A, "test_25_iso_times"),
    26: ("03/04/2024", "W", A, "test_26_day_or_month"),
    27: ("times in the future", "W, R for a split by time", A, "test_27_times_in_the_future"),
    28: ("times of 0 and below", "W", A, "test_28_times_of_zero_and_below"),
    29: ("exact duplicates", "F", A, "test_29_exact_duplicates"),
    30: ("conflicting duplicates", "F", A, "test_30_conflicting_duplicates"),
    31: ("one user", "R", A, "test_31_32_one_user_or_one_item"),
    32: ("one item", "R", A, "test_31_32_one_user_or_one_item"),
    33: ("one interaction a user", "W", A, "test_33_every_user_has_one_interaction"),
    34: ("007, 7, 07", "W", A, "test_34_ids_that_are_one_number"),
    35: ("1, 1.0, abc", "W", A, "test_35_integers_and_fractions_that_look_alike"),
    36: ("ids 10.0", "F", A, "test_36_ids_that_became_fractions"),
    37: ("Unicode", "F and W", A, "test_37_unicode"),
    38: ("HTML ids", "kept", A, "test_38_39_html_and_formulas_stay_as_they_are"),
    39: ("formula ids", "kept", A, "test_38_39_html_and_formulas_stay_as_they_are"),
    40: ("blanks around ids", "F", A, "test_40_blanks_around_ids"),
    41: ("case variants", "W", B, "test_41_ids_that_differ_in_case"),
    42: ("quoted line end", "kept", B, "test_42_a_quoted_line_end"),
    43: ("unclosed quote", "R", B, "test_43_a_quote_that_is_never_closed"),
    44: ("extra fields", "R", B, "test_44_46_too_many_cells"),
    45: ("short rows", "F, R if most", B, "test_45_short_rows"),
    46: ("unquoted comma in a title", "R", B, "test_44_46_too_many_cells"),
    47: ("NUL bytes", "R", B, "test_47_nul_bytes"),
    48: ("CR only", "F", B, "test_48_49_line_ends"),
    49: ("mixed CRLF", "kept", B, "test_48_49_line_ends"),
    50: ("comment preamble", "F", B, "test_50_lines_before_the_table"),
    51: ("TOTAL row", "F", B, "test_51_a_row_of_totals"),
    52: ("unnamed index column", "F", B, "test_52_a_column_without_a_name"),
    53: ("300,000 columns", "R", B, "test_53_too_many_columns"),
    54: ("truncated gzip", "R", B, "test_54_a_gzip_archive_that_is_cut_off"),
    55: ("gzip named .csv", "F", B, "test_55_gzip_by_another_name"),
    56: ("zip of two files", "R", B, "test_56_57_zip_archives"),
    57: ("broken xlsx", "R", B, "test_56_57_zip_archives"),
    58: ("HTML page", "R", B, "test_58_59_60_pages_errors_and_binaries"),
    59: ("JSON error body", "R", B, "test_58_59_60_pages_errors_and_binaries"),
    60: ("binary", "R", B, "test_58_59_60_pages_errors_and_binaries"),
    61: ("constant rating", "W", B, "test_61_a_constant_rating"),
    62: ("two scales", "W", B, "test_62_two_scales"),
    63: ("disconnected graph", "W", B, "test_63_a_graph_in_parts"),
    64: ("columns swapped", "kept", B, "test_64_columns_in_another_order"),
    65: ("1,000", "F", B, "test_65_thousands"),
    66: ("true, false", "F", B, "test_66_true_and_false"),
    67: ("rating 0", "W", B, "test_67_a_rating_of_zero"),
    68: ("Parquet of another schema", "R", B, "test_68_parquet_with_other_columns"),
    69: ("Parquet list column", "R", B, "test_69_a_list_column"),
    70: ("Parquet bytes as ids", "F, R if no text", B, "test_70_bytes_as_ids"),
    71: ("truncated Parquet", "R", B, "test_71_parquet_that_is_cut_off"),
    72: ("text named .parquet", "F", B, "test_72_text_called_parquet"),
    73: ("bombs", "R", B, "test_73_a_parquet_bomb"),
    74: ("2 GB file", "R on the page", UI, "test_one_file_is_the_source_itself_and_too_much_is_refused"),
    75: ("group column of 1, of many, of all values, with gaps", "W", B, "test_75_attributes_that_make_no_groups"),
    76: ("attributes constant, with gaps, of wrong length", "F, W or R", B, "test_75_76_attributes"),
    77: ("items unseen in train", "W", B, "test_77_items_that_are_not_in_train"),
    78: ("second file disagrees", "W, R below half", B, "test_78_a_second_file_that_disagrees"),
    79: ("dataset and checkpoint differ", "R", HERE, "test_79_a_run_and_a_dataset_that_do_not_belong_together"),
    80: ("file changed on the way", "R", HERE, "test_80_a_stored_dataset_that_was_changed"),
}


def test_every_number_has_a_test():
    assert list(CATALOGUE) == list(range(1, 81))
    for what, end, module, name in CATALOGUE.values():
        found = import_module(module if "." in module else f"tests.data.{module}")
        assert callable(getattr(found, name)), (what, end)


def test_79_a_run_and_a_dataset_that_do_not_belong_together(tmp_path):
    first, second = random_dataset(20, 30, per_user=6, seed=1), random_dataset(20, 30, per_user=6, seed=2)
    save_dataset(first, tmp_path / "first")
    save_dataset(second, tmp_path / "second")
    train(tmp_path / "first", "popularity", {}, tmp_path / "run")
    with pytest.raises(RunError) as refused:
        load_run(tmp_path / "run", tmp_path / "second")
    for dataset in (first, second):
        assert dataset.fingerprint[:12] in refused.value.message
    assert str(tmp_path / "run") in refused.value.message and "train again" in refused.value.hint


def test_80_a_stored_dataset_that_was_changed(tmp_path):
    dataset = random_dataset(20, 30, per_user=6, seed=1)
    save_dataset(dataset, tmp_path / "kept")
    save_dataset(random_dataset(20, 30, per_user=6, seed=2), tmp_path / "other")
    (tmp_path / "kept" / "interactions.parquet").write_bytes((tmp_path / "other" / "interactions.parquet").read_bytes())
    with pytest.raises(DataError, match="not what was saved") as refused:
        load_dataset(tmp_path / "kept")
    assert "Import the source again" in refused.value.hint
