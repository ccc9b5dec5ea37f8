import subprocess
import sys

import pytest
from pydantic import Field

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import Settings, describe_settings, read_settings, split_assignments
from gnnrec_core.models import MODELS


class Example(Settings):
    n_layers: int = Field(3, ge=1, le=4, description="Propagation layers.")
    learning_rate: float = Field(0.01, gt=0, description="Step size.")


def test_an_unknown_name_suggests_near_ones():
    with pytest.raises(RequestError) as caught:
        MODELS["lightgnc"]
    assert "lightgcn" in caught.value.hint


def test_settings_are_checked_with_the_value_and_the_range():
    assert read_settings(Example, {"n_layers": "2"}).n_layers == 2
    with pytest.raises(RequestError) as caught:
        read_settings(Example, {"n_layers": "9"})
    assert "n_layers" in caught.value.message and "9" in caught.value.message and "at most 4" in caught.value.hint
    with pytest.raises(RequestError, match="no setting named 'layers'"):
        read_settings(Example, {"layers": 2})


def test_assignments_need_an_equals_sign():
    assert split_assignments(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(RequestError, match="no '='"):
        split_assignments(["a"])
    with pytest.raises(RequestError, match="a is given twice"):
        split_assignments(["a=1", "a = 2"])


def test_a_form_learns_ranges_from_the_declaration():
    first = describe_settings(Example)[0]
    assert (first.name, first.kind, first.default, first.low, first.high) == ("n_layers", "int", 3, 1, 4)


def test_listing_plugins_imports_neither_torch_nor_streamlit():
    code = (
        "import sys, gnnrec_core.models, gnnrec_core.explain, gnnrec_core.commands, gnnrec_core.cli\n"
        "assert not {'torch', 'streamlit', 'torch_geometric', 'captum'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
