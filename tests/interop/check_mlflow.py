"""Does MLflow find in the exported database what rexp stored?

    check_mlflow.py MLFLOW_DIR METRICS.jsonl RUNS.jsonl [--ui]

METRICS.jsonl and RUNS.jsonl are `rexp export metrics|runs --format jsonl` of the same store. Exits 1 and names what differs.
With --ui it also starts the server of `mlflow ui` in the folder, as a person would, and asks it for the runs over HTTP.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402

TOLERANCE = 1e-12


def expected(metrics: Path) -> dict:
    """By run and arm: the row that names them, and the value of each seed by MLflow's name of the metric."""
    out = defaultdict(lambda: (None, defaultdict(dict)))
    for row in map(json.loads, metrics.open()):
        if row["segment"] == "all":
            at = "" if row["k"] is None else f"_at_{row['k']}"
            _, values = out[row["run"], row["arm"]]
            values[f"{row['protocol']}.{row['metric']}{at}"][row["seed"]] = row["value"]
            out[row["run"], row["arm"]] = (row, values)
    return out


def is_same(option, param: str) -> bool:
    """A text is itself; everything else is written as JSON."""
    return option == param if isinstance(option, str) else option == json.loads(param)


def compare(client: MlflowClient, wanted: dict, options: dict) -> tuple[list[str], int, int]:
    wrong, n_metrics, n_runs = [], 0, 0
    left = dict(wanted)
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id], max_results=5000):
            n_runs += 1
            tags = run.data.tags
            name = (tags["rexp.run"], tags["rexp.arm"])
            if name not in left:
                wrong.append(f"{name} is in MLflow and not in the store")
                continue
            row, values = left.pop(name)
            found = (experiment.name, tags["rexp.role"], tags["rexp.kind"], tags["rexp.dataset"])
            own = (row["experiment"], row["role"], row["kind"], row["dataset"])
            if found != own or run.info.status != "FINISHED":
                wrong.append(f"{name}: {found} {run.info.status}, expected {own}")
            own, params = options[name[0]], run.data.params
            differ = {key for key in own.keys() & params.keys() if not is_same(own[key], params[key])}
            if differ or own.keys() != params.keys():
                wrong.append(f"{name}: params {sorted(differ | (own.keys() ^ params.keys()))} differ")
            names = set(values) | {f"by_seed/{metric}" for metric in values}
            if names != set(run.data.metrics):
                wrong.append(f"{name}: metrics {sorted(names ^ set(run.data.metrics))[:5]} are in one only")
            for metric, by_seed in values.items():
                n_metrics += 1
                mean = sum(by_seed.values()) / len(by_seed)
                if abs(run.data.metrics[metric] - mean) > TOLERANCE:
                    wrong.append(f"{name}: {metric} is {mean}, there {run.data.metrics[metric]}")
                history = {m.step: m.value for m in client.get_metric_history(run.info.run_id, f"by_seed/{metric}")}
                if history != by_seed:
                    wrong.append(f"{name}: {metric} by seed is {by_seed}, there {history}")
    wrong.extend(f"{name} is not in MLflow" for name in left)
    return wrong, n_runs, n_metrics


def answers(folder: Path, n_runs: int) -> str:
    """Starts `mlflow ui` in the folder and asks it for the page and for the runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # No address of the database: it must be the one that MLflow looks for by itself.
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    command = [sys.executable, "-m", "mlflow", "ui", "--port", str(port), "--workers", "1"]
    with (folder / "ui.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"{address}/health", timeout=2).read()
                    break
                except OSError:
                    if server.poll() is not None:
                        return f"`mlflow ui` ended: {(folder / 'ui.log').read_text()[-400:]}"
                    time.sleep(0.5)
            page = urllib.request.urlopen(address, timeout=30).read()
            client = MlflowClient(address)
            ids = [experiment.experiment_id for experiment in client.search_experiments()]
            n_found = len(client.search_runs(ids, max_results=5000))
            return "" if b"<html" in page.lower() and n_found == n_runs else f"`mlflow ui` shows {n_found} runs of {n_runs}"
        finally:
            # The session that was started above, and nothing else.
            os.killpg(server.pid, 15)
            server.wait(30)


def main() -> int:
    folder, metrics, runs = (Path(argument) for argument in sys.argv[1:4])
    options = {row["run"]: json.loads(row["params"]) for row in map(json.loads, runs.open())}
    wrong = []
    if "--ui" in sys.argv:
        n_arms = len(expected(metrics))
        wrong.extend(filter(None, [answers(folder, n_arms)]))
    found, n_runs, n_metrics = compare(MlflowClient(f"sqlite:///{folder.resolve()}/mlflow.db"), expected(metrics), options)
    wrong += found
    print("\n".join(wrong[:20]))
    print(f"check_mlflow: mlflow {mlflow.__version__}, {n_runs} runs, {n_metrics} metrics, {len(wrong)} wrong")
    return 1 if wrong or not n_metrics else 0


if __name__ == "__main__":
    sys.exit(main())
