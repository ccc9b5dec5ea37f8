"""Model files that are damaged or meant to harm: every damage is found, nothing in a file is ever run."""

import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from gnnrec_core.base.errors import RequestError, RunError
from gnnrec_core.models.ops.checkpoint import load_tensors, save_tensors

RNG = np.random.default_rng(7)
PAGE = 4096
TENSORS = {"embedding.weight": RNG.normal(size=(2000, 16)).astype(np.float32), "scale": np.ones(3, np.float32)}


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "model.safetensors"
    save_tensors(path, TENSORS, {"model": "lightgcn", "dataset_fingerprint": "00" * 32})
    return path


def refused(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    try:
        load_tensors(path)
    except RunError as error:
        assert str(path) in error.message and error.hint
        return True
    return False


def test_every_flipped_bit_is_found(written):
    content = written.read_bytes()
    header = int.from_bytes(content[:8], "little") + 8
    positions = np.concatenate([RNG.integers(0, header * 8, 500), RNG.integers(0, len(content) * 8, 500)])
    missed = []
    for position in positions:
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        if not refused(written, bytes(damaged)):
            missed.append(int(position))
    assert missed == []


def test_every_truncation_zeroed_page_and_appended_byte_is_found(written):
    content = written.read_bytes()
    for end in np.unique(np.concatenate([np.arange(0, 400), RNG.integers(0, len(content), 300)])):
        assert refused(written, content[:end])
    for start in RNG.integers(0, len(content) - PAGE, 200):
        assert refused(written, content[:start] + bytes(PAGE) + content[start + PAGE :])
    assert refused(written, content + b"\0") and refused(written, content + b"junk" * 100)


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (str(self.canary),)


def with_header(header: dict, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def hostile_files(canary: Path) -> dict[str, bytes]:
    """Twelve kinds of files that somebody might offer as weights."""
    payload = Payload(canary)
    zipped, saved, script = io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save({"embedding.weight": payload}, zipped)
    torch.save({"embedding.weight": payload}, saved, _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(script, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(payload))
        archive.writestr("archive/data/0", bytes(1_000_000))
    card = {"__metadata__": {"card": json.dumps({"format_version": 1, "sha256": "0"})}}
    huge = {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]}
    return {
        "raw pickle": pickle.dumps(payload),
        "old pickle": pickle.dumps(payload, protocol=0),
        "torch zip": zipped.getvalue(),
        "torch legacy": saved.getvalue(),
        "deflated zip bomb": script.getvalue(),
        "numpy object array": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"
        + pickle.dumps(payload),
        "header of 2^63 bytes": (1 << 63).to_bytes(8, "little") + b"{}",
        "header longer than the file": (1 << 19).to_bytes(8, "little") + b"{}",
        "huge shape": with_header({**card, "w": huge}, bytes(4)),
        "overlapping tensors": with_header(
            {**card, **{n: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for n in "ab"}}, bytes(8)
        ),
        "markup in the card": save({"w": np.zeros(1, np.float32)}, metadata={"card": "<script>alert(1)</script>"}),
        "a hundred thousand tensors": with_header(
            {**card, **{f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(100_000)}}
        ),
    }


def test_hostile_files_are_refused_and_nothing_in_them_runs(tmp_path):
    canary = tmp_path / "canary"
    files = hostile_files(canary)
    assert len(files) == 12
    for kind, content in files.items():
        assert refused(tmp_path / "model.safetensors", content), kind
        assert not canary.exists(), kind
    pickle.loads(files["raw pickle"])  # noqa: S301 - the payload is live: unpickling it does what the loader never did
    assert canary.exists()


def test_a_full_disk_leaves_the_old_weights_as_they_were(written, monkeypatch):
    before = written.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RequestError, match="No space left"):
        save_tensors(written, {"w": np.zeros(9, np.float32)}, {})
    assert written.read_bytes() == before and [p.name for p in written.parent.iterdir()] == [written.name]
