#!/usr/bin/env bash
# Makes the virtual environment FOLDER with the first Python >= 3.10 on the PATH (or $PYTHON).
# Nothing outside FOLDER is changed, except that python3-venv is installed where it is missing
# and this user may do so.
# usage: tools/make_venv.sh FOLDER
set -euo pipefail

venv=${1:?usage: make_venv.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; }

python=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
    if fits "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "error: no Python 3.10 or newer (tried: ${PYTHON:-python3, python3.10 to 3.13}). Install one, or name it: make PYTHON=/path/to/python3" >&2
    exit 3
fi

if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
    echo "$python lacks the venv module; trying the system's package $version"
    "$here/apt_install.sh" "$version"
fi

echo "virtual environment $venv with $("$python" --version) ($(command -v "$python"))"
if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    "$python" -m venv "$venv"
elif "$python" -c 'import venv' >/dev/null 2>&1 && "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --without-pip "$venv"
    "$python" -m pip --python "$venv/bin/python" install -qq pip
else
    rm -rf "$venv"
    echo "error: $python can't make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2
    exit 3
fi
