#!/usr/bin/env bash
# Builds GDAL's Python bindings (osgeo) for the system's libgdal into a virtual environment, for
# the tests of the GDAL back ends. About 90 s the first time; pip keeps the wheel afterwards.
# Leaves without harm, saying why, where the library's headers or a compiler are missing.
# usage: tools/install_gdal_bindings.sh VENV
set -uo pipefail

python=${1:?usage: install_gdal_bindings.sh VENV}/bin/python

skip() {
    echo "osgeo (GDAL bindings) not installed: $1; tests of the GDAL back end are skipped"
    exit 0
}

"$python" -c 'from osgeo import gdal_array' >/dev/null 2>&1 && {
    echo "osgeo: already there"
    exit 0
}
command -v gdal-config >/dev/null 2>&1 || skip "no gdal-config (Debian package libgdal-dev)"
command -v g++ >/dev/null 2>&1 || skip "no C++ compiler (Debian package g++)"
"$python" -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(
    os.path.join(sysconfig.get_path("include"), "Python.h")))' || skip "no Python.h (Debian package python3-dev)"

version=$(gdal-config --version)
echo "building osgeo $version against the system's libgdal (about 90 s the first time)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

build() {
    # Debian puts its own numpy's headers beside Python.h; this environment's come before them.
    CPPFLAGS="-I$("$python" -c 'import numpy; print(numpy.get_include())') ${CPPFLAGS:-}" \
        "$python" -m pip install -qq --no-build-isolation "$@" "gdal[numpy]==$version" \
        && "$python" -c 'from osgeo import gdal_array'
}

"$python" -m pip install -qq 'setuptools<81' wheel numpy
# A wheel that pip kept may belong to another numpy: then once more, without the cache.
if ! build >"$log" 2>&1 && ! build --no-cache-dir --force-reinstall --no-deps >"$log" 2>&1; then
    tail -n 5 "$log"
    "$python" -m pip uninstall -qq --yes gdal >/dev/null 2>&1
    skip "the build failed"
fi
