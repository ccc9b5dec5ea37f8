import numpy as np
import pytest
from safetensors.numpy import save

from gnnrec_core.base.errors import RunError
from gnnrec_core.models.ops.checkpoint import expect_shapes, load_tensors, save_tensors

TENSORS = {"embedding.weight": np.arange(12, dtype=np.float32).reshape(4, 3)}


def test_tensors_come_back_with_their_card(tmp_path):
    path = tmp_path / "model.safetensors"
    save_tensors(path, TENSORS, {"model": "lightgcn"})
    tensors, card = load_tensors(path)
    assert np.array_equal(tensors["embedding.weight"], TENSORS["embedding.weight"]) and card["model"] == "lightgcn"
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_foreign_files_and_wrong_shapes_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(save(TENSORS))
    with pytest.raises(RunError, match="card"):
        load_tensors(path)
    with pytest.raises(RunError, match="do not fit"):
        expect_shapes(path, TENSORS, {"embedding.weight": (4, 4)})
    save_tensors(path, {"w": np.array([np.nan], np.float32)}, {})
    with pytest.raises(RunError, match="finite"):
        load_tensors(path)
