#!/bin/sh
# Exports the quickstart experiment and lets pytrec_eval and MLflow check it. See README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)

if [ $# -gt 0 ]; then
    mkdir -p "$1"
    place=$(cd "$1" && pwd)
else
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
fi
skip() {
    echo "skipped: $*"
    exit 0
}
command -v python3 >/dev/null 2>&1 || skip "there is no python3"
python="$place/venv/bin/python"
[ -x "$python" ] || python3 -m venv "$place/venv" >"$place/venv.log" 2>&1 || skip "python3 -m venv fails; see its message: $(tail -n 1 "$place/venv.log")"
has() {
    "$python" -c "import $1" >/dev/null 2>&1 || "$python" -m pip install --quiet --disable-pip-version-check "$2" >"$place/pip.log" 2>&1
}

if [ -z "${REXP_BIN:-}" ]; then
    (cd "$repository" && cargo build --release --quiet)
    REXP_BIN="$repository/target/release/rexp"
fi
db="$place/rexp.sqlite"
rm -rf "$place/trec" "$place/mlflow" "$place/metrics.jsonl" "$place/runs.jsonl"
"$REXP_BIN" run "$repository/experiments/quickstart.toml" --db "$db" >"$place/run.log"
"$REXP_BIN" export metrics --format jsonl --out "$place/metrics.jsonl" --db "$db" >/dev/null
"$REXP_BIN" export runs --format jsonl --out "$place/runs.jsonl" --db "$db" >/dev/null
"$REXP_BIN" export trec quickstart "$place/trec" --db "$db" >/dev/null
"$REXP_BIN" export mlflow "$place/mlflow" --db "$db" >/dev/null

failed=0
if has pytrec_eval pytrec-eval-terrier; then
    "$python" "$here/check_trec.py" "$place/trec" "$place/metrics.jsonl" || failed=1
else
    echo "skipped check_trec.py: pip cannot install pytrec-eval-terrier"
fi
if [ $# -eq 0 ]; then
    echo "skipped check_mlflow.py: MLflow takes 850 MB; give a folder that keeps it"
elif has mlflow mlflow; then
    "$python" "$here/check_mlflow.py" "$place/mlflow" "$place/metrics.jsonl" "$place/runs.jsonl" --ui || failed=1
else
    echo "skipped check_mlflow.py: pip cannot install mlflow"
fi
exit $failed
