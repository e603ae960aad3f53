"""Do trec_eval's own measures of our exported lists equal what rexp stored?

    check_trec.py TREC_DIR METRICS.jsonl

METRICS.jsonl is `rexp export metrics --format jsonl` of the same run. Exits 1 and names every value that differs by more than 1e-6.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import pytrec_eval

TOLERANCE = 1e-6
THEIRS = {"ndcg": "ndcg_cut", "precision": "P", "recall": "recall", "map": "map_cut"}


def main() -> int:
    folder, metrics = Path(sys.argv[1]), Path(sys.argv[2])
    rows = [json.loads(line) for line in metrics.open()]
    wanted = defaultdict(dict)
    for row in rows:
        if row["metric"] in THEIRS and row["segment"] == "all":
            name = f"{row['experiment']}.{row['protocol']}.{row['seed']}"
            wanted[name, row["arm"]][row["metric"], row["k"]] = row

    wrong, worst, n_values = [], 0.0, 0
    # Names in the quickstart are plain, so that the slugs in names of files are the names themselves.
    left = {path.name for path in folder.glob("*.run")}
    for (name, arm), values in sorted(wanted.items()):
        if f"{name}.{arm}.run" not in left:
            wrong.append(f"no file for {name}, {arm}")
            continue
        left.remove(f"{name}.{arm}.run")
        with (folder / f"{name}.qrels").open() as file:
            relevance = pytrec_eval.parse_qrel(file)
        with (folder / f"{name}.{arm}.run").open() as file:
            lists = pytrec_eval.parse_run(file)
        measures = {f"{THEIRS[metric]}.{k}" for metric, k in values}
        found = pytrec_eval.RelevanceEvaluator(relevance, measures).evaluate(lists)
        for (metric, k), row in sorted(values.items()):
            # As `trec_eval -c`: a user with relevant items and no list counts as 0.
            total = sum(user.get(f"{THEIRS[metric]}_{k}", 0.0) for user in found.values())
            theirs = total / len(relevance)
            worst = max(worst, abs(theirs - row["value"]))
            n_values += 1
            if abs(theirs - row["value"]) > TOLERANCE or len(relevance) != row["n"]:
                wrong.append(f"{name}, {arm}: {metric}@{k} is {row['value']} over {row['n']} users, theirs {theirs} over {len(relevance)}")
    wrong.extend(f"{file} is of no arm" for file in sorted(left))
    print("\n".join(wrong[:20]))
    print(f"check_trec: {n_values} values of {len(wanted)} lists of users, {len(wrong)} wrong, largest difference {worst:.1e}")
    return 1 if wrong or not n_values else 0


if __name__ == "__main__":
    sys.exit(main())
