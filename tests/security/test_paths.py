"""Names that people or data give never become paths: 56 hostile ones, tried wherever a name is taken."""

from pathlib import Path

import pytest

from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.data.dataset import Relation
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.runs.jobs import status_of
from gnnrec_core.runs.workspace import Workspace
from tests.worlds import make_dataset

ENCODED = ["%2e%2e/", "%2e%2e%2f", "..%2f", "%252e%252e%252f", "..%5c", "%c0%ae%c0%ae/", "..%00/", "..;/"]
NAMES = [
    *(prefix * 4 + "etc/passwd" for prefix in ("../", "..\\", "./../", "....//", "..../", "／..／", "‥/", *ENCODED)),
    *(
        "/etc/passwd",
        "//etc/passwd",
        "\\\\host\\share\\x",
        "C:\\Windows\\x",
        "C:x",
        "file:///etc/passwd",
        "~/x",
        "~root",
    ),
    *(".", "..", "...", "/", "\\", "", " ", "\t", "\n", "a/b", "a\\b", "a/../../b", ".hidden", "-rf", "--out=x"),
    *("CON", "NUL", "COM1", "aux.txt", "LPT1.", "name.", "name ", "a:b", "a*b", "a?b", "a|b", 'a"b', "a<b>"),
    *("a\0b", "x" * 300, "\u202egnp.exe", "e\u0301" * 80, "${HOME}"),
]


def test_there_are_fifty_six_of_them():
    assert len(set(NAMES)) == len(NAMES) == 56


@pytest.fixture
def place(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    return Workspace(tmp_path / "inside" / "home", sample=tmp_path / "none")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_a_hostile_name_reaches_no_file(name, place, tmp_path):
    before = files(tmp_path)
    for look_up in (place.dataset, place.run, place.staging, lambda text: status_of(place, text)):
        with pytest.raises(RequestError):
            look_up(name)
    for change in (place.delete_dataset, place.delete_run, place.restore):
        with pytest.raises(RequestError):
            change(name)
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_a_display_name_is_kept_or_refused_but_never_a_path(name, place, tmp_path):
    staged = place.new_staging() / "dataset"
    save_dataset(make_dataset([(0, 0, "train"), (1, 1, "train")]), staged)
    try:
        entry = place.store_dataset(staged, name)
    except RequestError:
        return
    assert entry.folder.parent == place.home / "datasets" and entry.id.startswith("d-")
    assert {path.parts[0] for path in map(Path, files(tmp_path))} == {"inside", "outside"}


@pytest.mark.parametrize("name", [name for name in NAMES if "\0" not in name], ids=lambda name: ascii(name)[:40])
def test_a_relation_name_from_data_is_kept_and_never_a_path(name, tmp_path):
    relation = Relation(name, "user-user", [0], [1], [1.0])
    dataset = make_dataset([(0, 0, "train"), (1, 1, "train")], relations=(relation,))
    save_dataset(dataset, tmp_path / "deep" / "d")
    assert load_dataset(tmp_path / "deep" / "d").relations[0].name == name
    assert {Path(path).parts[0] for path in files(tmp_path)} == {"deep"}
    assert len(list((tmp_path / "deep" / "d" / "relations").iterdir())) == 1


@pytest.mark.parametrize("file", ["../../secret.parquet", "/etc/passwd", "..", "a/../../x.parquet"])
def test_a_dataset_card_cannot_point_outside_its_folder(file, tmp_path):
    folder = tmp_path / "d"
    save_dataset(
        make_dataset([(0, 0, "train"), (1, 1, "train")], relations=(Relation("r", "user-user", [0], [1], [1.0]),)),
        folder,
    )
    card = (folder / "dataset.json").read_text()
    (folder / "dataset.json").write_text(card.replace('"r.parquet"', f'"{file}"'))
    with pytest.raises(LensError):
        load_dataset(folder)
