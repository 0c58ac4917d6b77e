#!/usr/bin/env bash
# Makes the virtual environment FOLDER in which tests/qgis run: on the Python that QGIS uses, with
# QGIS's own numpy, scipy and GDAL, and nothing but the test tools beside them. Leaves without
# harm, saying why, where there is no QGIS.
# usage: tools/make_qgis_venv.sh FOLDER
set -uo pipefail

venv=${1:?usage: make_qgis_venv.sh FOLDER}
python=/usr/bin/python3

skip() {
    echo "QGIS tests skipped: $1"
    exit 0
}

"$python" -c 'import qgis.core' >/dev/null 2>&1 || skip "no QGIS for $python (Debian, Ubuntu: apt-get install qgis)"
"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || skip "$python can't make virtual environments (python3-venv)"
"$python" -m venv --system-site-packages "$venv" || skip "no virtual environment in $venv"

# Debian's GDAL bindings are built for numpy 1; nothing that is installed here may replace it.
constraints=$(mktemp)
trap 'rm -f "$constraints"' EXIT
echo 'numpy<2' >"$constraints"
"$venv/bin/python" -m pip install -qq --constraint "$constraints" pytest pytest-timeout hypothesis \
    || { rm -rf "$venv"; skip "its test tools can't be installed"; }
# For the names in its stubs alone; it can't be imported from there.
[ -d "$venv/qt6/PyQt6" ] || "$venv/bin/python" -m pip install -qq --no-deps --target "$venv/qt6" PyQt6 \
    || echo "PyQt6 can't be had; the plugin's names aren't looked up in it"
"$venv/bin/python" -c 'from qgis.core import Qgis; print("QGIS tests on QGIS", Qgis.QGIS_VERSION)' 2>/dev/null
