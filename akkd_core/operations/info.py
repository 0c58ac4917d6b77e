"""Use-case: tell what a scene, a product, a model bundle or a QC value is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from akkd_core.errors import GranuleReadError, ParameterError
from akkd_core.operations.info_scene import describe_scene
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress
from akkd_core.quality import describe_qc

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|\d+")
_QC_MAX = 65535
_SHOWN_NAMES = 6


def _qc_value(text: str) -> Outcome:
    value = int(text, 0) if text[:2].lower() == "0x" else int(text)
    if value > _QC_MAX:
        raise ParameterError(f"QC value {value}: out of range. Give 0-{_QC_MAX}")
    meanings = describe_qc(value)
    lines = [f"QC value {value} (0x{value:04X}, binary {value:016b})"]
    lines += [f"  {name:<14} {meaning}" for name, meaning in meanings.items()]
    return Outcome(tuple(lines), {"kind": "qc", "value": value, "fields": meanings})


def _is_bundle(path: Path) -> bool:
    if not path.is_dir():
        return path.suffix.lower() == ".zip"
    return any((path / name).is_file() for name in ("manifest.json", "joint.json"))


def _bundle(path: Path) -> Outcome:
    from akkd_core.bundle import ModelBundle, bundle_hash
    from akkd_core.joint.store import load_model
    from akkd_core.operations.info_joint import belongs_lines, describe_joint

    bundle = load_model(path)
    if not isinstance(bundle, ModelBundle):
        return describe_joint(bundle)
    facts = bundle.manifest.to_json()
    lines = [
        f"model bundle {bundle.name} ({bundle_hash(bundle)}), format {facts['format_version']}",
        f"  {facts['description']}",
        f"  sensor       {facts['sensor']}",
        f"  created      {facts['created']}",
    ]
    for which, network in bundle.networks().items():
        if network is None:
            if which == "scene":
                lines.append("  scene network: none")
            continue
        widths = [kernel.shape[1] for kernel in network.kernels]
        weights = sum(kernel.size for kernel in network.kernels)
        lines.append(
            f"  {which} network: {len(network.input_names)} inputs, layers "
            f"{'-'.join(map(str, widths))}, {weights} weights"
        )
        shown = network.output_names[:_SHOWN_NAMES]
        rest = len(network.output_names) - len(shown)
        more = f" and {rest} more" if rest else ""
        lines.append(f"    gives {', '.join(shown)}{more}")
    training = facts["training"]
    lines.append(f"  trained on   {training['description']}")
    if training["command"]:
        lines.append(f"  command      {training['command']}")
    lines.append(f"  errors       {facts['uncertainty']['method']}")
    for name, (low, high) in facts["domain"].items():
        lines.append(f"  domain       {name} {low:g}-{high:g}")
    lines += belongs_lines(bundle.manifest.belongs)
    for score in facts["scores"]:
        unit = "" if score["unit"] == "1" else f" {score['unit']}"
        lines.append(f"  score        {score['name']} {score['value']:.4g}{unit}")
        lines.append(f"               on {score['measured_on']}")
    lines.append(f"  licence      {facts['licence']}")
    return Outcome(tuple(lines), {"kind": "bundle", "manifest": facts})


def _items(folder: Path) -> list[Path]:
    """STAC items of AKKD's products in a folder."""
    return [path for path in sorted(folder.glob("*.json")) if _is_item(path)]


def _is_item(path: Path) -> bool:
    try:
        item = json.loads(path.read_text(encoding="utf-8"))
        return not {"akkd:method", "akkd:model"}.isdisjoint(item["properties"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def describe(target: str | Path) -> Outcome:
    """Tell what a path or a QC value is.

    Parameters
    ----------
    target : str or path
        A scene; a folder or zip of a bundle or joint model, or the name of a shipped or installed
        one; a product's folder, ``.json`` or ``.tif``; or a QC value 0-65535, decimal or 0x
        hexadecimal.

    Returns
    -------
    Outcome

    Raises
    ------
    AkkdError
        If it is none of these, or can't be read.
    """
    from akkd_core.bundle import find_bundle
    from akkd_core.operations.info_product import describe_layer, describe_product

    if _NUMBER.fullmatch(str(target)) and not Path(target).exists():
        return _qc_value(str(target))
    path = find_bundle(target)
    if path is None:
        raise GranuleReadError(f"{target}: no such file or folder. Check the name")
    if _is_bundle(path):
        return _bundle(path)
    if path.is_dir() and (items := _items(path)):
        found = [describe_product(item) for item in items]
        lines = tuple(line for outcome in found for line in outcome.lines)
        return Outcome(lines, {"kind": "products", "products": [o.data for o in found]})
    if path.suffix.lower() == ".json" and _is_item(path):
        return describe_product(path)
    if path.suffix.lower() in (".tif", ".tiff"):
        layer = describe_layer(path)
        if layer is not None:
            return layer
    return describe_scene(path)


def run(*, progress: Progress, target: str) -> Outcome:
    """Run the operation ``info`` of the catalogue."""
    outcome = describe(target)
    progress.update(1.0, "done")
    return outcome
