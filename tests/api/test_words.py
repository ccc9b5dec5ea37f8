"""What every command refuses alike: empty words, and `--overwrite` over what is read."""

import pytest
from pydantic import Field

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import Settings, describe_settings, settings_help
from gnnrec_core.cli import main, parse

SAMPLE, RUN = "sample_data/classics", "sample_data/runs/lightgcn"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["audit", RUN, "--metrics", ""], "--metrics is empty."),
        (["mitigate", RUN, "--method", "calibrated", "--along="], "--along is empty."),
        (["audit", ""], "An argument is empty."),
    ],
)
def test_an_empty_word_is_named(words, said, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err.splitlines()[0] == said


@pytest.mark.parametrize("out", [RUN, "sample_data/runs", "sample_data/runs/../runs/lightgcn"])
def test_what_is_read_is_not_replaced(out, capsys):
    assert main(["compress", RUN, "--bits", "8", "--out", out, "--overwrite"]) == 2
    assert capsys.readouterr().err == (
        f"{out} would be replaced, and {RUN} is read from there.\nChoose another place for --out.\n"
    )


def test_another_place_is_taken(tmp_path):
    _, arguments = parse(["compress", RUN, "--bits", "8", "--out", str(tmp_path), "--overwrite"])
    assert arguments.out == tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--trials", "0"], "0 trials find nothing."),
        (["--resume", "--overwrite"], "A search cannot be taken up and begun anew at once."),
        (["--space", "x"], "--space 'x' has no '='."),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_it_writes(words, said, tmp_path, capsys):
    assert main(["search", SAMPLE, "--model", "lightgcn", "--out", str(tmp_path / "study"), *words]) == 2
    assert capsys.readouterr().err.splitlines()[0] == said
    assert not (tmp_path / "study").exists()


def test_lists_that_are_too_short_for_a_fix_say_so(capsys):
    assert main(["mitigate", "sample_data/runs/incumbent", "--method", "popularity_penalty"]) == 2
    assert "nothing to choose from" in capsys.readouterr().err


def test_bounds_of_a_setting_are_told_as_they_are():
    class Some(Settings):
        share: float = Field(default=0.5, gt=0, le=1, description="a share")
        n: int = Field(default=1, ge=0, lt=9, description="a number")

    assert [field.bounds for field in describe_settings(Some)] == ["above 0 and at most 1", "at least 0 and below 9"]
    assert settings_help(Some, "share") == "share is float, above 0 and at most 1 (default 0.5): a share"
    with pytest.raises(RequestError, match="share"):
        from gnnrec_core.base.settings import read_settings

        read_settings(Some, {"share": 0})
