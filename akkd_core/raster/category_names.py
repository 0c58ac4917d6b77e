"""Names of a raster's classes, where GDAL and QGIS look for them: in a small file beside it.

GeoTIFF has no place for them; GDAL keeps them in ``NAME.tif.aux.xml`` (its persistent auxiliary
metadata), which viewers read unasked.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from akkd_core.raster.temporary import remove_leftovers, whole_file


def category_file(raster: Path) -> Path:
    """Path of the file that names a raster's classes."""
    return raster.with_name(f"{raster.name}.aux.xml")


def write_category_names(raster: Path, names: Sequence[str]) -> None:
    """Name the classes of a raster's first band.

    Parameters
    ----------
    raster : Path
        Needn't be there yet.
    names : sequence of str
        Of the values from 0.

    Raises
    ------
    ProductWriteError
        If the file can't be written.
    """
    listed = "".join(f"\n      <Category>{escape(name, quote=False)}</Category>" for name in names)
    text = (
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>'
        f"{listed}\n    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n"
    )
    remove_leftovers(category_file(raster))
    with whole_file(category_file(raster)) as temporary:
        temporary.write_text(text, encoding="utf-8")
