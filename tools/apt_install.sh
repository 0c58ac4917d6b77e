#!/usr/bin/env bash
# Installs the Debian/Ubuntu packages named that are not there yet, if this user may (root, or
# sudo without a password). Never asks and never fails: the names of those that stay missing are
# printed, and what needs them is skipped later.
# usage: tools/apt_install.sh PACKAGE...
set -uo pipefail

there() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }

absent() {
    local package
    for package in "$@"; do there "$package" || printf '%s ' "$package"; done
}

if ! command -v apt-get >/dev/null 2>&1; then
    echo "no apt-get here; not installed: $*"
    exit 0
fi
missing=$(absent "$@")
if [ -z "$missing" ]; then
    echo "system packages: all there ($*)"
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=(env DEBIAN_FRONTEND=noninteractive)
elif sudo -n true >/dev/null 2>&1; then
    as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
    echo "no right to install system packages; skipped: $missing"
    exit 0
fi
echo "installing system packages: $missing"
"${as_root[@]}" apt-get update -qq </dev/null || echo "apt-get update failed; trying with the old lists"
install() { "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null; }
# shellcheck disable=SC2086  # one word a package
install $missing || for package in $missing; do
    install "$package" || echo "could not install $package"
done
missing=$(absent "$@")
if [ -n "$missing" ]; then
    echo "still missing: $missing"
fi
