#!/bin/sh
# Opens report pages in a real browser: sh tests/browser/run.sh [PAGE.html…]. Without pages it makes some: an experiment, comparisons, hostile names.
# Needs npm and Chromium; where one cannot be had it says so and skips with 0. REXP: the binary. REXP_SCREENSHOTS: where pictures go. REXP_BROWSER=few: fewer settings.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

skip() {
    echo "== browser checks skipped: $*"
    exit 0
}
command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || skip "node and npm are not installed"
CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if [ ! -x "$CHROMIUM" ]; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || skip "no $CHROMIUM, and only root on Debian can install it"
    echo "== installing chromium"
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || skip "apt-get could not install chromium"
fi
export CHROMIUM
(cd "$here" && npm ci --silent --no-audit --no-fund) || skip "npm ci failed: see above"

if [ $# -eq 0 ]; then
    rexp=${REXP:-$root/target/release/rexp}
    [ -x "$rexp" ] || { echo "no $rexp: run cargo build --release, or set REXP" >&2; exit 2; }
    made=$(mktemp -d)
    trap 'rm -rf "$made"' EXIT
    db=$made/rexp.sqlite
    echo "== making pages with $rexp"
    for file in "$root/experiments/quickstart.toml" "$here/hostile.toml"; do "$rexp" run "$file" --db "$db" >/dev/null 2>&1; done
    "$rexp" compare quickstart quickstart/bias --db "$db" >/dev/null
    "$rexp" compare hostile hostile/1e5 --db "$db" >/dev/null
    "$rexp" ab quickstart popularity --db "$db" >/dev/null
    # Names that no TOML can have, as a foreign store could.
    if command -v python3 >/dev/null 2>&1 && python3 -c 'import sqlite3' 2>/dev/null; then
        cp "$db" "$made/foreign.sqlite"
        python3 "$here/foreign.py" "$made/foreign.sqlite"
        mkdir -p "$made/foreign"
        mv "$made/foreign.sqlite" "$made/foreign/"
        "$rexp" report quickstart --db "$made/foreign/foreign.sqlite" >/dev/null
    else
        echo "== no python3: names that only a foreign store can have are not tried"
    fi
    # A file name has no line breaks here: folders are named by rexp, from ASCII letters.
    set -- $(find "$made" -name '*.html' | sort)
fi
node "$here/check.mjs" "$@"
