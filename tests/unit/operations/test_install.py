"""``akkd install`` and ``akkd models``: bundles by name, verified wholly or not there at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from akkd_core.bundle import bundle_hash, bundle_path, default_bundle_path, find_bundle
from akkd_core.bundle.installed import installed_bundles, models_folder
from akkd_core.errors import BundleError, BundleIntegrityError, BundleMismatchError, ParameterError
from akkd_core.joint.store import load_model, save_joint
from akkd_core.operations import info, install, join, models
from akkd_core.operations.retrieval_model import open_model
from akkd_core.progress import SilentProgress
from tests.builders.joint import belongs, offset_bundle, saved

QUIET = SilentProgress()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AKKD_MODELS", str(tmp_path / "my models"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my models"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return saved(tmp_path / "made", offset_bundle("valley", 1.0, belongs()))


def put(bundle: Path | str, name: str | None = None, overwrite: bool = False) -> dict[str, object]:
    outcome = install.run(progress=QUIET, bundle=str(bundle), name=name, overwrite=overwrite)
    return dict(outcome.data)


def test_a_bundle_is_taken_by_name_wherever_a_model_is(folder: Path, made: Path) -> None:
    (made / "notes.txt").write_text("not of the format")
    data = put(made)
    assert data["name"] == "valley" and data["path"] == str(folder / "valley")
    assert data["hash"] == bundle_hash(load_model(made))  # type: ignore[arg-type]
    copied = {path.name: path.read_bytes() for path in (folder / "valley").iterdir()}
    assert copied == {p.name: p.read_bytes() for p in made.iterdir() if p.name != "notes.txt"}
    assert [path.name for path in folder.iterdir()] == ["valley"]
    assert open_model("valley", "numpy", "cpu").name == "valley"
    assert info.describe("valley").lines[0].startswith("model bundle valley (")


def test_a_joint_model_from_a_zip(folder: Path, made: Path, tmp_path: Path) -> None:
    teacher = saved(tmp_path / "made", offset_bundle("teacher", 0.0))
    put(made)
    put(teacher)
    outcome = join.run(
        progress=QUIET, teacher="teacher", students=("valley",), output="j.zip", name="pair",
        blend=0.0, domain_ramp=1.5, overwrite=False,
    )  # fmt: skip
    assert outcome.data["kind"] == "joint"
    data = put("j.zip")
    assert data["kind"] == "joint" and data["members"] == ["teacher", "valley"]
    assert open_model("pair", "numpy", "cpu").sha256[:12] == data["hash"]
    # a joint model by a plain bundle of the same name, and back
    with pytest.raises(ParameterError, match="exists"):
        put(made, "pair")
    assert put(made, "pair", True)["kind"] == "bundle"
    assert not (folder / "pair" / "joint.json").exists()
    assert put("j.zip", None, True)["kind"] == "joint"
    assert sorted(installed_bundles()) == ["pair", "teacher", "valley"]


def test_a_path_goes_first(folder: Path, made: Path, tmp_path: Path) -> None:
    put(made)
    assert bundle_path("valley") == folder / "valley"
    assert bundle_path("default") == default_bundle_path()
    shutil.copytree(made, tmp_path / "valley")
    assert bundle_path("valley") == Path("valley")
    assert find_bundle("hill") is None


def test_unknown_names_list_what_there_is(folder: Path, made: Path) -> None:
    with pytest.raises(BundleError, match=r"hill: no such bundle.*default, compact.*\(none\)"):
        bundle_path("hill")
    put(made)
    with pytest.raises(BundleError, match=r"hill: no such bundle.*install \(valley\)"):
        open_model("hill", "numpy", "cpu")


@pytest.mark.parametrize("damage", ["weights", "manifest", "missing", "link"])
def test_nothing_of_a_bad_bundle_is_installed(folder: Path, made: Path, damage: str) -> None:
    weights = made / "weights.npz"
    if damage == "weights":
        weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    elif damage == "manifest":
        (made / "manifest.json").write_text("{}")
    elif damage == "missing":
        weights.unlink()
    else:
        target = made.parent / "elsewhere"
        weights.rename(target)
        weights.symlink_to(target)
    with pytest.raises(BundleError):
        put(made)
    assert not folder.exists()


def test_a_bad_member_of_a_joint_model(folder: Path, made: Path, tmp_path: Path) -> None:
    teacher = saved(tmp_path / "made", offset_bundle("teacher", 0.0))
    save_joint(tmp_path / "j", teacher, [made], name="pair")
    with open(tmp_path / "j" / "01" / "weights.npz", "ab") as file:
        file.write(b"x")
    with pytest.raises(BundleIntegrityError, match="member 01: weights.npz: altered"):
        put(tmp_path / "j")
    assert not folder.exists()


def test_other_sensors_and_names_are_refused(folder: Path, made: Path, tmp_path: Path) -> None:
    for name in ("compact", "Default", "../out", ".hidden", "a/b", "x.zip", "", "a" * 81):
        with pytest.raises(ParameterError, match="name"):
            put(made, name)
    other = saved(tmp_path / "made", offset_bundle("other", 0.0, sensor="MODIS TIR"))
    with pytest.raises(BundleMismatchError, match="MODIS TIR"):
        put(other)
    with pytest.raises(ParameterError, match="shipped"):
        put(saved(tmp_path / "made", offset_bundle("compact", 0.0)))
    assert not folder.exists()


def test_what_was_installed_stays_if_the_new_one_is_bad(folder: Path, made: Path) -> None:
    put(made)
    before = (folder / "valley" / "weights.npz").read_bytes()
    (made / "weights.npz").write_bytes(b"PK")
    with pytest.raises(BundleError):
        put(made, None, True)
    assert (folder / "valley" / "weights.npz").read_bytes() == before


def test_list(folder: Path, made: Path) -> None:
    put(made, "b")
    put("compact", "a")
    (folder / "b" / "weights.npz").write_bytes(b"PK")
    (folder / ".b.1234.partial").mkdir()
    outcome = models.run(progress=QUIET)
    found = {entry["name"]: entry for entry in outcome.data["models"]}
    assert list(found) == ["default", "compact", "a", "b"]
    assert [entry["shipped"] for entry in found.values()] == [True, True, False, False]
    assert found["a"]["hash"] == found["compact"]["hash"]
    assert found["a"]["scores"][0]["name"] == "lst mae" and found["a"]["scores"][0]["value"] < 1
    assert "weights.npz: altered" in found["b"]["error"]
    name = "akkd-surroundings-compact"
    assert f"a (installed): model bundle {name}, {found['a']['hash']}" in outcome.lines
    assert "b (installed): can't be used" in outcome.lines
    assert outcome.lines[-1].endswith(str(folder))
    json.dumps(outcome.data)


def test_folder_of_each_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AKKD_MODELS", "XDG_DATA_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    tail = Path("akkd") / "models"
    assert models_folder("linux") == tmp_path / ".local" / "share" / tail
    assert models_folder("darwin") == tmp_path / "Library" / "Application Support" / tail
    assert models_folder("win32") == tmp_path / "AppData" / "Roaming" / tail
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert models_folder("linux") == tmp_path / ".local" / "share" / tail
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "x"))
    assert models_folder("linux") == tmp_path / "x" / tail
    monkeypatch.setenv("APPDATA", str(tmp_path / "roam"))
    assert models_folder("win32") == tmp_path / "roam" / tail
    monkeypatch.setenv("AKKD_MODELS", str(tmp_path / "mine"))
    assert models_folder("linux") == models_folder("win32") == tmp_path / "mine"
