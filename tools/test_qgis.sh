#!/usr/bin/env bash
# Runs tests/qgis in the installed QGIS and, where tools/unpack_newer_qgis.sh has made VENV/newer,
# at the same time in that one; each run must find the version it is meant for. VENV is what
# tools/make_qgis_venv.sh has made; without it nothing is tested.
# usage: tools/test_qgis.sh VENV [ARGUMENTS of pytest]
set -uo pipefail

venv=${1:?usage: test_qgis.sh VENV [ARGUMENTS]}
shift
if [ ! -x "$venv/bin/pytest" ]; then
    echo "QGIS tests skipped: no QGIS here"
    exit 0
fi

groups=()
log=$(mktemp)
# Each run is a group of processes of its own; none outlives this script, however it ends.
trap 'for group in "${groups[@]}"; do kill -TERM -- "-$group" 2>/dev/null; done; rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP
suite=(setsid "$venv/bin/python" -m pytest tests/qgis "$@")

installed=$(dpkg-query -W -f='${Version}' python3-qgis 2>/dev/null | sed 's/^[0-9]*://' | cut -d. -f1,2)
AKKD_QGIS_VERSION=$installed "${suite[@]}" </dev/null &
groups+=($!)

if [ -s "$venv/newer/version" ]; then
    root=$(cd "$venv/newer" && pwd)
    AKKD_QGIS_ROOT=$root AKKD_QGIS_VERSION=$(cat "$root/version") QGIS_PREFIX_PATH=$root/usr \
        LD_LIBRARY_PATH=$(printf '%s:' "$root"/usr/lib/*-linux-gnu*)$root/usr/lib \
        PYTHONPATH=$root/usr/lib/python3/dist-packages \
        "${suite[@]}" -p no:cacheprovider </dev/null >"$log" 2>&1 &
    groups+=($!)
    echo "QGIS $(cat "$root/version") is tested beside the installed one; its report comes second"
fi

status=0
for group in "${groups[@]}"; do
    wait "$group" || status=$?
    [ "$group" = "${groups[0]}" ] || cat "$log"
done
groups=()
exit "$status"
