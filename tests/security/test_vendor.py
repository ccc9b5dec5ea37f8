"""Libraries that are sent to the browser: the pinned files with their licences, or none."""

import hashlib
import shutil

import pytest

from gnnrec_ui.show import network_view

PINNED = {
    "graphology.min.js": "dc337efa23903f61e064c8e7e7f93a429e6855dccfc2458802b4ed30c621c087",
    "sigma.min.js": "58e30383ab428f832068d9d16a5215c65ba12430d438ed091c5703f398de9e16",
}


def test_the_libraries_are_the_pinned_files_each_with_its_licence():
    lines = dict(reversed(line.split()) for line in (network_view.VENDOR / "SHA256SUMS").read_text().splitlines())
    assert lines == PINNED
    for name, digest in PINNED.items():
        assert hashlib.sha256((network_view.VENDOR / name).read_bytes()).hexdigest() == digest
        licence = (network_view.VENDOR / name.replace(".min.js", ".LICENSE.txt")).read_text(encoding="utf-8")
        assert "Permission is hereby granted, free of charge" in licence
    assert {path.name for path in network_view.VENDOR.glob("*.js")} == set(PINNED)


def test_a_changed_library_is_not_sent(tmp_path, monkeypatch):
    folder = tmp_path / "vendor"
    shutil.copytree(network_view.VENDOR, folder)
    with (folder / "sigma.min.js").open("a") as file:
        file.write("//")
    monkeypatch.setattr(network_view, "VENDOR", folder)
    with pytest.raises(RuntimeError, match="not the file that was pinned"):
        network_view.library.__wrapped__()
