"""The real qgis_process, with the plugin from its zip: what it retrieves, and what it refuses."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.builders.hdfeos_malformed import write_nameless_dimension
from tests.qgis.alike import same_quality
from tests.qgis.printed import results
from tests.qgis.rasters import read


def operations() -> list[str]:
    from qgis_plugin.form import all_forms

    return [form.algorithm for form in all_forms()]


def only_line(run: subprocess.CompletedProcess[str]) -> str:
    """The one message of a run that failed."""
    assert run.returncode > 0, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    errors = [x for x in (run.stdout + run.stderr).splitlines() if x.startswith("ERROR:")]
    assert len(errors) == 1
    return errors[0].removeprefix("ERROR:").strip()


def test_lists_every_operation(process: Any) -> None:
    listed = process("list").stdout
    assert [name for name in operations() if f"akkd:{name}\t" not in listed] == []


def test_help_shows_the_parameters(process: Any) -> None:
    text = process("help", "akkd:retrieve").stdout
    assert "scenes: Scenes" in text and "t_air: Air temperature (K)" in text
    assert "64-8192" in text and "tile_size" in text


def test_retrieves_as_the_command_line_does(
    bare_process: Any, granule: Path, product: Path, tmp_path: Path
) -> None:
    """Nothing but QGIS is on the PATH; numpy stands in for onnxruntime."""
    found = results(bare_process.run("retrieve", scenes=granule, output=tmp_path))
    for name, most in (("LST", 1e-3), ("LST_err", 1e-3), ("LSE", 5e-5), ("LSE_err", 3e-4)):
        ours, theirs = read(found[name]), read(product / f"GRANULE_{name}.tif")
        assert np.array_equal(np.isnan(ours), np.isnan(theirs))
        assert np.nanmax(np.abs(ours - theirs)) <= most, name
    assert same_quality(read(found["QC"]), read(product / "GRANULE_QC.tif"))
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in product.iterdir()}


def test_retrieves_from_rasters(
    process: Any, granule: Path, product: Path, tmp_path: Path
) -> None:
    """Radiance and brightness temperature give what the granule gives."""
    made = results(process.run("preprocess", scenes=granule, output=tmp_path))
    for quantity, name in (("radiance", "radiance_toa"), ("bt", "bt")):
        found = results(
            process.run(
                "retrieve_raster", rasters=made[name], quantity=quantity, output=tmp_path / name
            )
        )
        ours, theirs = read(found["LST"]), read(product / "GRANULE_LST.tif")
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)
        assert same_quality(read(found["QC"]), read(product / "GRANULE_QC.tif"))
    run = process.run("retrieve_raster", rasters=made["bt"], quantity="dn", check=False)
    assert "--quantity bt" in only_line(run)


@pytest.mark.parametrize(("target", "words"), [("granule", "AST_L1T"), ("4095", "QC value 4095")])
def test_info(process: Any, granule: Path, target: str, words: str) -> None:
    run = process.run("info", target=granule if target == "granule" else target)
    assert words in results(run)["summary"] + run.stdout


def test_compares_with_modis(
    bare_process: Any, akkd: Any, product: Path, truth: Path, tmp_path: Path
) -> None:
    """The same numbers as the command line's, a report and a raster of differences."""
    from tools.modis_look_alike import look_alike

    modis = tmp_path / "MOD11A1.A2019185.h26v05.061_LST_Night_1km.tif"
    look_alike(truth, modis)
    akkd("validate", "modis", product, "--reference", modis, "-o", tmp_path / "theirs")
    found = results(
        bare_process.run(
            "validate_modis", products=product / "GRANULE_LST.tif", reference=modis,
            output=tmp_path / "ours",
        )
    )  # fmt: skip
    assert found["report"] == str(tmp_path / "ours" / "report.html")
    ours, theirs = (read(path / Path(found["difference"]).name) for path in
                    (tmp_path / "ours", tmp_path / "theirs"))  # fmt: skip
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    assert np.isfinite(ours).sum() > 10


def test_compares_two_rasters(bare_process: Any, product: Path, tmp_path: Path) -> None:
    """The product beside itself, 0.5 K warmer, in degC, without a unit, on pixels half as large."""
    from osgeo import gdal

    ours = gdal.Open(str(product / "GRANULE_LST.tif"))
    values = np.repeat(np.repeat(ours.ReadAsArray() + 0.5 - 273.15, 2, axis=0), 2, axis=1)
    theirs = gdal.GetDriverByName("GTiff").Create(
        str(tmp_path / "theirs.tif"), *values.shape[::-1], 1, gdal.GDT_Float32
    )
    x, dx, _, y, _, dy = ours.GetGeoTransform()
    theirs.SetGeoTransform((x, dx / 2, 0, y, 0, dy / 2))
    theirs.SetProjection(ours.GetProjection())
    theirs.GetRasterBand(1).WriteArray(values)
    del theirs  # closes the file
    found = results(
        bare_process.run(
            "compare", raster=product / "GRANULE_LST.tif", reference=tmp_path / "theirs.tif",
            output=tmp_path / "out",
        )
    )  # fmt: skip
    assert found["report"] == str(tmp_path / "out" / "report.html")
    np.testing.assert_allclose(
        read(found["difference"]), np.where(np.isnan(ours.ReadAsArray()), np.nan, -0.5), atol=1e-3
    )


def test_installs_a_bundle_and_retrieves_by_its_name(
    bare_process: Any, plugins: Path, granule: Path, tmp_path: Path
) -> None:
    compact = plugins / "akkd" / "akkd_core" / "bundle" / "compact"
    assert compact.is_dir()
    process = replace(
        bare_process, environment={**bare_process.environment, "AKKD_MODELS": str(tmp_path / "m")}
    )
    process.run("install", bundle=compact, name="small")
    assert (tmp_path / "m" / "small" / "manifest.json").is_file()
    listed = process.run("models").stdout
    assert "small (installed): model bundle akkd-surroundings-compact" in listed
    by_name = results(process.run("retrieve", scenes=granule, model="small", output=tmp_path / "a"))
    by_path = results(process.run("retrieve", scenes=granule, model=compact, output=tmp_path / "b"))
    assert np.array_equal(read(by_name["LST"]), read(by_path["LST"]), equal_nan=True)
    line = only_line(process.run("retrieve", check=False, scenes=granule, model="none",
                                 output=tmp_path / "c"))  # fmt: skip
    assert line.startswith("none: no such bundle") and "(small)" in line


READ_FIRST = (
    "distill", "distill_teacher", "distill_select_weight", "distill_ablation", "distill_chain",
    "join", "search", "reproduce", "validate_scores", "validate_aster", "validate_stations",
)  # fmt: skip
"""Algorithms that look at what they are given before they load what takes long."""

WRONG: dict[str, dict[str, object]] = {
    "distill_chain": {"repetitions": 1},
    "reproduce": {"items": "table99"},
    "validate_scores": {"scenes": 0},
}


@pytest.mark.parametrize("algorithm", READ_FIRST)
def test_says_in_one_line_what_is_wrong(process: Any, algorithm: str, tmp_path: Path) -> None:
    """That they get their values and answer."""
    from qgis_plugin.form import form_of_algorithm

    nothing = tmp_path / "nothing"
    values = {
        field.parameter.name: nothing / field.parameter.name
        for field in form_of_algorithm(algorithm).fields
        if field.parameter.required or field.parameter.name == "output"
    } | WRONG.get(algorithm, {})
    run = process.run(algorithm, check=False, **values)
    assert run.returncode > 0 and "Traceback" not in run.stdout + run.stderr
    assert re.search(f"{nothing}/[\\w/.]+: |table99|give ", run.stdout + run.stderr), run.stdout
    assert not nothing.exists()


def test_wrong_file(process: Any, truth: Path, tmp_path: Path) -> None:
    line = only_line(process.run("retrieve", check=False, scenes=truth, output=tmp_path))
    assert line.startswith(str(truth)) and "not an ASTER thermal scene" in line
    assert list(tmp_path.iterdir()) == []


def test_value_out_of_bounds(process: Any, granule: Path, tmp_path: Path) -> None:
    run = process.run("retrieve", check=False, scenes=granule, t_air=20, output=tmp_path)
    assert "give 180-340 K" in run.stdout + run.stderr


def test_missing_training_environment(bare_process: Any, tmp_path: Path) -> None:
    run = bare_process.run("simulate_granule", check=False, output=tmp_path / "s.hdf")
    line = only_line(run)
    assert "Settings" in line and "pip install akkd[train]" in line
    assert not (tmp_path / "s.hdf").exists()


@pytest.mark.parametrize("damage", ["truncated", "zeros", "structure", "not HDF"])
def test_malformed_granule_does_not_bring_qgis_down(
    process: Any, granule: Path, damage: str, tmp_path: Path
) -> None:
    content = bytearray(granule.read_bytes())
    if damage == "truncated":
        del content[len(content) // 3 :]
    elif damage == "zeros":
        content[4:4000] = bytes(3996)
    elif damage == "structure":
        for at in range(300, len(content), 997):
            content[at] ^= 0xFF
    else:
        content[:4] = b"none"
    path = tmp_path / "damaged.hdf"
    path.write_bytes(bytes(content))
    run = process.run("retrieve", check=False, scenes=path, output=tmp_path / "out")
    if run.returncode != 0:
        assert str(path) in only_line(run)


@pytest.mark.parametrize("algorithm", ["retrieve", "preprocess", "tes", "info"])
def test_malformed_hdf_eos_file(process: Any, algorithm: str, tmp_path: Path) -> None:
    """GDAL's HDF4 driver ends the process on it; seen with GDAL 3.6.2."""
    path = write_nameless_dimension(tmp_path / "nameless.hdf")
    name = "target" if algorithm == "info" else "scenes"
    line = only_line(process.run(algorithm, check=False, **{name: path}))
    assert line.startswith(str(path))


def test_real_hdf_eos_files_of_other_kinds(
    process: Any, shared_data: Path, tmp_path: Path
) -> None:
    files = sorted((shared_data / "hdfeos_edge").rglob("*.hdf"))
    if not files:
        pytest.skip("no such files")
    run = process.run("retrieve", check=False, scenes=files, output=tmp_path)
    assert run.returncode >= 0, run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_batch_of_three_with_a_bad_one(process: Any, akkd: Any, granule: Path, work: Path) -> None:
    others = []
    for name in ("SECOND", "THIRD"):
        akkd("simulate", "granule", work / f"{name}.hdf", "--rows", 20, "--cols", 20)
        others.append(work / f"{name}.hdf")
    others[0].write_bytes(others[0].read_bytes()[:5000])
    run = process.run("retrieve", scenes=[granule, *others], output=work / "batch")
    written = {path.name for path in (work / "batch").glob("*_LST.tif")}
    assert written == {"GRANULE_LST.tif", "THIRD_LST.tif"}
    assert str(others[0]) in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
