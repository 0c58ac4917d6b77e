#!/usr/bin/env bash
# Takes the pictures of docs/images in a real QGIS on a virtual screen (Debian: qgis, xvfb, xauth,
# fonts-open-sans). The granule is simulated; MODIS is what tools/modis_look_alike.py makes of its truth.
# usage: tools/screenshots.sh [FOLDER]   (by default docs/images; AKKD names the akkd command)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$root/docs/images}
akkd=${AKKD:-$root/.venv/bin/akkd}
work=/tmp/akkd-pictures
mkdir "$work"
trap 'rm -rf "$work"' EXIT

python3 "$root/tools/package_plugin.py" "$work/akkd.zip"
profile=$work/profiles/profiles/default
mkdir -p "$folder" "$profile/QGIS" "$profile/python/plugins" "$work/runtime"
chmod 700 "$work/runtime"
(cd "$profile/python/plugins" && python3 -m zipfile -e "$work/akkd.zip" .)
printf '[PythonPlugins]\nakkd=true\nprocessing=true\n[core]\nopenCLEnabled=false\n[qgis]\ncheckVersion=false\nnewProjectDefault=false\n[UI]\nUITheme=default\n' >"$profile/QGIS/QGIS3.ini"

"$akkd" simulate granule "$work/AST_L1T_00307042019031500.hdf" --seed 7 --land-cover crops --tcwv 20
modis=$work/MOD11A1.A2019185.h26v05.061_LST_Night_1km.tif
/usr/bin/python3 "$root/tools/modis_look_alike.py" "$work/AST_L1T_00307042019031500_truth.tif" "$modis"
export SHOT_FOLDER=$folder SHOT_GRANULE=$work/AST_L1T_00307042019031500.hdf SHOT_WORK=$work
export SHOT_MODIS=$modis TMPDIR=$work/temporary
mkdir "$TMPDIR"

# The system's tools first: QGIS's Python finds its own modules by them.
PATH=/usr/bin:/bin XDG_RUNTIME_DIR=$work/runtime timeout 180 xvfb-run -a -s "-screen 0 1500x1000x24" \
    qgis --nologo --noversioncheck --profiles-path "$work/profiles" --profile default \
    --code "$root/tools/screenshots.py"
# A palette of each picture's own: a quarter of the size.
/usr/bin/python3 - "$folder"/qgis-*.png <<'EOF'
import sys
from PIL import Image

for path in sys.argv[1:]:
    Image.open(path).convert("RGB").quantize(256, kmeans=4, dither=0).save(path, optimize=True)
EOF
ls -l "$folder"
