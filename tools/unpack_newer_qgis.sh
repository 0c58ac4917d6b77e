#!/usr/bin/env bash
# Unpacks the QGIS of Debian's backports into FOLDER, beside the one that is installed, so that
# tests/qgis run in both (two can't be installed). Nothing is installed, nothing mounted, no root
# needed: apt finds out with this machine's own mirrors, keys and proxy which packages that QGIS
# brings beyond those installed (about 125 MB), and they are unpacked. FOLDER comes whole or not at
# all, holds its version in FOLDER/version, and is not made again. Leaves without harm, saying why,
# where there is none to be had.
# usage: tools/unpack_newer_qgis.sh FOLDER
set -uo pipefail

folder=${1:?usage: unpack_newer_qgis.sh FOLDER}
python=/usr/bin/python3
modules=usr/lib/python3/dist-packages

skip() {
    echo "no newer QGIS beside the installed one: $1; the plugin is tested in that one alone"
    exit 0
}

if [ -s "$folder/version" ]; then
    echo "newer QGIS: $(cat "$folder/version") already in $folder"
    exit 0
fi
codename=$(. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || skip "this is no Debian with backports"
for tool in apt-get dpkg-deb dpkg-query; do
    command -v "$tool" >/dev/null 2>&1 || skip "no $tool"
done
installed=$(dpkg-query -W -f='${Version}' python3-qgis 2>/dev/null) && [ -n "$installed" ] || skip "no QGIS of Debian is installed"

mkdir -p "$(dirname "$folder")"
making=$(mktemp -d "$folder.XXXXXX") || skip "no room for $folder"
trap 'rm -rf "$making"' EXIT
trap 'exit 130' INT TERM HUP
making=$(cd "$making" && pwd)
mkdir -p "$making"/{lists,archives}/partial "$making/parts" "$making/tree"

# The machine's own sources of this release, and the backports that stand beside them.
"$python" - "$codename" "$making" /etc/apt/sources.list /etc/apt/sources.list.d/* <<'EOF'
import re
import sys
from pathlib import Path

release, target, *sources = sys.argv[1:]
lines, stanzas = [], []
for path in (Path(source) for source in sources if Path(source).is_file()):
    text = path.read_text(errors="replace")
    if path.suffix == ".sources":
        for stanza in re.split(r"\n[ \t]*\n", text):
            if re.search(rf"^Suites:(.*\s)?{release}(\s|$)", stanza, re.M | re.I):
                stanza = re.sub(r"^(Suites:).*", rf"\1 {release} {release}-backports", stanza, flags=re.M | re.I)
                stanzas.append(re.sub(r"^(Types:).*", r"\1 deb", stanza, flags=re.M | re.I))
    elif path.suffix == ".list":
        for line in re.findall(rf"^\s*(deb\s+(?:\[.*?\]\s+)?\S+\s+{release}\s.*)", text, re.M):
            lines += [line, re.sub(rf"\s{release}\s", f" {release}-backports ", line, count=1)]
Path(target, "sources.list").write_text("\n".join(lines) + "\n")
Path(target, "parts", "machine.sources").write_text("\n\n".join(stanzas) + "\n")
sys.exit(not lines and not stanzas)
EOF
[ $? -eq 0 ] || skip "apt has no source of $codename"
apt=(apt-get -qq -o Dir::Etc::sourcelist="$making/sources.list" -o Dir::Etc::sourceparts="$making/parts"
    -o Dir::State::lists="$making/lists" -o Dir::Cache="$making" -o Dir::Cache::archives="$making/archives"
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Retries=3)
echo "newer QGIS: fetching from $codename-backports what is newer than $installed (about 125 MB)"
"${apt[@]}" update </dev/null >/dev/null 2>&1 || skip "apt can't read $codename-backports"
"${apt[@]}" install -y --download-only --no-install-recommends -t "$codename-backports" qgis python3-qgis \
    </dev/null >/dev/null 2>&1 || skip "apt can't fetch it from $codename-backports"
package=$(compgen -G "$making/archives/python3-qgis_*.deb") || skip "$codename-backports has none newer than $installed"
for archive in "$making"/archives/*.deb; do
    dpkg-deb -x "$archive" "$making/tree" || skip "$(basename "$archive") can't be unpacked"
done

# A package of Python that is only partly here (PyQt5) is found whole in one place.
for part in "$making/tree/$modules"/*/; do
    whole=/$modules/$(basename "$part")
    if [ -e "$whole/__init__.py" ] && [ ! -e "$part/__init__.py" ]; then
        cp -rsn "$whole/." "$part" || skip "$part can't be completed"
    fi
done

# What the packages would do when installed, and whether it starts.
share=$making/tree/usr/share/qgis
libraries=$(printf '%s:' "$making"/tree/usr/lib/*-linux-gnu*)$making/tree/usr/lib
unpacked=(env LD_LIBRARY_PATH="$libraries" PYTHONPATH="$making/tree/$modules"
    QGIS_PREFIX_PATH="$making/tree/usr" QT_QPA_PLATFORM=offscreen)
cp "$share/resources/srs-template.db" "$share/resources/srs.db"
"${unpacked[@]}" "$making/tree/usr/lib/qgis/crssync" >/dev/null 2>&1 || skip "its table of coordinate systems can't be made"
"$python" -m compileall -q -s "$making/tree" -p "$(realpath "$folder")" "$making/tree/$modules" "$share/python" >/dev/null 2>&1
version=$(dpkg-deb -f "$package" Version | sed 's/^[0-9]*://' | cut -d. -f1,2)
found=$("${unpacked[@]}" "$python" -c 'from qgis.core import Qgis; print(Qgis.QGIS_VERSION)' 2>&1 | tail -n 1)
case $found in
    "$version".*) ;;
    *) skip "the unpacked one doesn't start ($found)" ;;
esac
echo "$version" >"$making/tree/version"
rm -rf "$folder"
mv "$making/tree" "$folder" || skip "no room for $folder"
echo "newer QGIS: $found in $folder"
