"""Archives on disk: whole or not at all, resumed, reread, and no trust in what the folder says."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akkd_core.errors import (
    AkkdError,
    GranuleReadError,
    InputError,
    OperationCancelled,
    ParameterError,
    ProductWriteError,
)
from akkd_core.provenance import sha256_file
from akkd_core.simulation import archive_writing
from akkd_core.simulation.archive import Archive, SceneEntry, load_archive
from akkd_core.simulation.archive_places import archive_places
from akkd_core.simulation.archive_recipe import ArchiveRecipe, simulate_archive_scene
from akkd_core.simulation.archive_scene import ARRAYS
from akkd_core.simulation.archive_writing import PARTIAL_NAME, simulate_archive, write_archive

RECIPE = ArchiveRecipe(training_scenes=2, complex_scenes=2, pixels_per_side=16)
NAMES = (
    "training-badain-jaran",
    "training-north-china-plain",
    "complex-chongqing",
    "complex-longyangxia",
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_archive(tmp_path_factory.mktemp("original") / "arch", RECIPE).folder


@pytest.fixture
def made(original: Path, tmp_path: Path) -> Archive:
    shutil.copytree(original, tmp_path / "arch")
    return load_archive(tmp_path / "arch")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class Stop:
    """Cancels before the scene of a given number."""

    def __init__(self, scene: int) -> None:
        self.left = scene

    def update(self, fraction: float, message: str = "") -> None:
        assert 0.0 <= fraction <= 1.0

    def cancelled(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_what_is_read_is_what_was_made(made: Archive) -> None:
    again = load_archive(made.folder)
    assert again.names() == NAMES and len(again) == 4
    assert again.names("complex") == NAMES[2:]
    assert set(files(made.folder)) == {"archive.json", *(f"{name}.npz" for name in NAMES)}
    for place, scene in zip(RECIPE.places(), again.scenes(), strict=True):
        fresh = simulate_archive_scene(place, RECIPE)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(scene, name), getattr(fresh, name))
        for name in ("name", "kind", "grid", "acquired_at", "land_cover", "materials", "air"):
            assert getattr(scene, name) == getattr(fresh, name)


def test_the_index_holds_the_whole_recipe(made: Archive) -> None:
    recipe = load_archive(made.folder).description["recipe"]
    assert recipe["nedt_k"] == 0.3 and recipe["seed"] == 0
    assert recipe["air"]["water_error"] == [0.1, 0.2]
    assert recipe["cloud"]["detected_above"] == 0.1
    assert recipe["surface"]["complex_materials"] == [3, 5]
    for entry in made.entries:
        assert entry.sha256 == sha256_file(made.folder / entry.file)


def test_the_same_seed_gives_the_same_bytes(made: Archive, tmp_path: Path) -> None:
    assert files(simulate_archive(tmp_path / "again", RECIPE).folder) == files(made.folder)
    other = simulate_archive(tmp_path / "other", replace(RECIPE, seed=1))
    assert other.entries[0].sha256 != made.entries[0].sha256


def test_an_interrupted_run_goes_on_and_ends_the_same(
    made: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cut"
    with pytest.raises(OperationCancelled):
        simulate_archive(folder, RECIPE, progress=Stop(3))
    assert set(files(folder)) == {PARTIAL_NAME, *(f"{name}.npz" for name in NAMES[:3])}
    with pytest.raises(GranuleReadError, match="finish making it"):
        load_archive(folder)
    (folder / f"{NAMES[1]}.npz").write_bytes(b"cut short")
    calls = []
    real = archive_writing.simulate_archive_scene

    def counted(place: Any, recipe: Any) -> Any:
        calls.append(place.scene_name)
        return real(place, recipe)

    monkeypatch.setattr(archive_writing, "simulate_archive_scene", counted)
    simulate_archive(folder, RECIPE)
    # the damaged one and the missing one, no other
    assert calls == [NAMES[1], NAMES[3]]
    assert files(folder) == files(made.folder)
    calls.clear()
    simulate_archive(folder, RECIPE)
    assert calls == []


def test_a_damaged_scene_of_a_whole_archive_is_made_anew(made: Archive) -> None:
    before = files(made.folder)
    (made.folder / made.entries[2].file).unlink()
    simulate_archive(made.folder, RECIPE)
    assert files(made.folder) == before


def test_another_recipe_needs_overwrite(made: Archive) -> None:
    (made.folder / "notes.txt").write_text("mine")
    other = replace(RECIPE, seed=5, complex_scenes=0)
    before = files(made.folder)
    with pytest.raises(ParameterError, match="--overwrite"):
        simulate_archive(made.folder, other)
    assert files(made.folder) == before
    simulate_archive(made.folder, other, overwrite=True)
    expected = {"archive.json", "notes.txt", *(f"{name}.npz" for name in NAMES[:2])}
    assert set(files(made.folder)) == expected


def test_overwrite_replaces_a_malformed_index(made: Archive) -> None:
    (made.folder / "archive.json").write_text("{")
    with pytest.raises(ParameterError, match=r"malformed.*--overwrite"):
        simulate_archive(made.folder, RECIPE)
    assert len(simulate_archive(made.folder, RECIPE, overwrite=True)) == 4


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "arch").write_text("")
    with pytest.raises(ProductWriteError, match="can't be written"):
        simulate_archive(tmp_path / "arch", RECIPE)


def test_a_scene_that_fails_leaves_no_half_of_it(tmp_path: Path) -> None:
    scene = simulate_archive_scene(archive_places("training")[0], RECIPE)

    def broken() -> Any:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        write_archive(tmp_path, [(scene.name, lambda: scene), ("two", broken)], {"of": "test"})
    assert set(files(tmp_path)) == {PARTIAL_NAME, f"{scene.name}.npz"}


def test_scenes_without_truth_are_kept_as_such(tmp_path: Path) -> None:
    scene = simulate_archive_scene(archive_places("training")[0], RECIPE)
    real = replace(scene, lst=None, lse=None, air=None, materials=())
    archive = write_archive(tmp_path, [(real.name, lambda: real)], {"of": "products"})
    back = archive.scene(real.name)
    assert back.lst is None and back.lse is None and back.air is None
    np.testing.assert_array_equal(back.label_lse, real.label_lse)


def test_names_that_arent_there(made: Archive, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no scene atlantis"):
        made.scene("atlantis")
    with pytest.raises(GranuleReadError, match="isn.t there. make it with akkd"):
        load_archive(tmp_path / "nowhere")


@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_damaged_file_is_named(made: Archive, damage: str) -> None:
    entry = made.entries[0]
    path = made.folder / entry.file
    data = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(data[:-100])
    elif damage == "flip":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        path.unlink()
    with pytest.raises(GranuleReadError, match=entry.file):
        made.scene(entry.name)
    assert made.scene(NAMES[1]).name == NAMES[1]


def with_file(made: Archive, arrays: dict[str, Any]) -> Archive:
    """Archive whose first scene's file holds other arrays, its hash put right."""
    entry = made.entries[0]
    path = made.folder / entry.file
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    index = json.loads((made.folder / "archive.json").read_text())
    index["scenes"][0]["sha256"] = sha256_file(path)
    (made.folder / "archive.json").write_text(json.dumps(index))
    return load_archive(made.folder)


def arrays_of(made: Archive) -> dict[str, Any]:
    scene = made.scene(NAMES[0])
    return {name: getattr(scene, name) for name in ARRAYS}


@pytest.mark.parametrize(
    "change",
    [
        {"lst": None},
        {"extra": np.zeros(3)},
        {"label_lst": np.zeros((16, 16))},
        {"radiance": np.zeros((5, 16, 15), dtype=np.float32)},
        {"lse": np.full((5, 16, 16), 2.0, dtype=np.float32)},
        {"elevation_m": np.array([[{}] * 16] * 16, dtype=object)},
        {"thin_cloud": np.zeros((3000, 3000), dtype=np.float32)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_file_that_holds_something_else_is_refused(made: Archive, change: dict[str, Any]) -> None:
    arrays = {k: v for k, v in (arrays_of(made) | change).items() if v is not None}
    altered = with_file(made, arrays)
    with pytest.raises(InputError, match=NAMES[0]):
        altered.scene(NAMES[0])


def test_a_small_file_that_claims_a_huge_array_is_refused(made: Archive) -> None:
    path = made.folder / made.entries[0].file
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': "
    header += b"(500000000, 500000000), }"
    with zipfile.ZipFile(path, "w") as members:
        for name in ARRAYS:
            members.writestr(f"{name}.npy", header.ljust(127) + b"\n")
    index = json.loads((made.folder / "archive.json").read_text())
    index["scenes"][0]["sha256"] = sha256_file(path)
    (made.folder / "archive.json").write_text(json.dumps(index))
    with pytest.raises(AkkdError, match=NAMES[0]):
        load_archive(made.folder).scene(NAMES[0])


def test_an_array_larger_than_its_scene_is_refused_before_it_is_unpacked(made: Archive) -> None:
    path = made.folder / made.entries[0].file
    with zipfile.ZipFile(path) as members:
        content = {name: members.read(name) for name in members.namelist()}
    content["lst.npy"] += bytes(1 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        for name, data in content.items():
            members.writestr(name, data)
    index = json.loads((made.folder / "archive.json").read_text())
    index["scenes"][0]["sha256"] = sha256_file(path)
    (made.folder / "archive.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="larger than the scene"):
        load_archive(made.folder).scene(NAMES[0])


def test_a_whole_file_other_than_the_one_written_is_noticed(made: Archive) -> None:
    arrays = arrays_of(made)
    arrays["label_lst"] = arrays["label_lst"] + np.float32(1.0)
    np.savez_compressed(made.folder / made.entries[0].file, **arrays)
    with pytest.raises(GranuleReadError, match="sha256 differs"):
        made.scene(NAMES[0])


def put(index: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split("/")
    where: Any = index
    for part in parents:
        where = where[int(part) if part.isdigit() else part]
    if value is KeyError:
        del where[last]
    else:
        where[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", 2),
        ("format", KeyError),
        ("software", 3),
        ("description", []),
        ("scenes", KeyError),
        ("scenes", 7),
        ("scenes", {"a": 1}),
        ("scenes", ["x"]),
        ("scenes/0/name", "../../etc/passwd"),
        ("scenes/0/name", "/etc/passwd"),
        ("scenes/0/name", ".hidden"),
        ("scenes/0/name", "x" * 500),
        ("scenes/0/name", NAMES[1]),
        ("scenes/0/kind", "judge"),
        ("scenes/0/grid", None),
        ("scenes/0/grid/rows", 10**9),
        ("scenes/0/grid/rows", 0),
        ("scenes/0/grid/rows", 16.0),
        ("scenes/0/grid/cols", True),
        ("scenes/0/grid/geotransform", [1, 2, 3]),
        ("scenes/0/grid/geotransform", [0.0] * 6),
        ("scenes/0/grid/geotransform", [float("nan"), 90, 0, 0, 0, -90]),
        ("scenes/0/acquired_at", "yesterday"),
        ("scenes/0/acquired_at", 20200101),
        ("scenes/0/materials", [1]),
        ("scenes/0/air", {"profile": "x"}),
        ("scenes/0/air/tcwv_kg_m2", "wet"),
        ("scenes/0/air/tcwv_kg_m2", float("inf")),
        ("scenes/0/has_truth", 1),
        ("scenes/0/sha256", "no"),
        ("scenes/0/sha256", KeyError),
    ],
)
def test_a_hostile_index_is_refused(made: Archive, path: str, value: Any) -> None:
    file = made.folder / "archive.json"
    index = json.loads(file.read_text())
    put(index, path, value)
    file.write_text(json.dumps(index))
    with pytest.raises(InputError, match=r"archive\.json"):
        load_archive(made.folder)


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, '{"format": 1', "\x00\x01"])
def test_an_index_that_is_no_index(made: Archive, text: str) -> None:
    (made.folder / "archive.json").write_text(text)
    with pytest.raises(InputError, match=r"archive\.json"):
        load_archive(made.folder)


def test_an_index_of_other_encoding_or_too_large(made: Archive) -> None:
    file = made.folder / "archive.json"
    file.write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match="malformed"):
        load_archive(made.folder)
    file.write_bytes(b" " * ((16 << 20) + 1))
    with pytest.raises(InputError, match="too large"):
        load_archive(made.folder)


def test_a_grid_other_than_the_files_is_noticed(made: Archive) -> None:
    file = made.folder / "archive.json"
    index = json.loads(file.read_text())
    index["scenes"][0]["grid"]["rows"] = 17
    file.write_text(json.dumps(index))
    with pytest.raises(InputError, match=NAMES[0]):
        load_archive(made.folder).scene(NAMES[0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
FIELDS = ("name", "kind", "land_cover", "grid", "acquired_at", "materials", "air", "sha256")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(FIELDS), value=JSON)
def test_an_entry_of_anything_is_read_or_refused(field: str, value: Any) -> None:
    entry = SceneEntry.of(simulate_small(), "0" * 64).to_json()
    entry[field] = value
    try:
        SceneEntry.from_json(entry)
    except (ValueError, TypeError, KeyError, OverflowError):
        return


def simulate_small() -> Any:
    if not hasattr(simulate_small, "scene"):
        place = archive_places("training")[0]
        simulate_small.scene = simulate_archive_scene(place, RECIPE)  # type: ignore[attr-defined]
    return simulate_small.scene  # type: ignore[attr-defined]


def test_an_entry_survives_its_json() -> None:
    entry = SceneEntry.of(simulate_small(), "0" * 64)
    assert SceneEntry.from_json(json.loads(json.dumps(entry.to_json()))) == entry
