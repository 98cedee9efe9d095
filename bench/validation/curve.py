"""Time and memory of statistics of ever more Parquet rows: `curve.py [ROWS …]`, each in a fresh process."""

import json
import statistics
import sys

from trips import make

from run import DATA, ROOT, measured

ROWS = (1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000)
RUNS = 3


def main() -> None:
    """Measure, and write the table."""
    DATA.mkdir(parents=True, exist_ok=True)
    lines = ["| Rows | Parquet | Time | Per million rows | Memory |", "|---:|---:|---:|---:|---:|"]
    record = {}
    for rows in map(int, sys.argv[1:] or ROWS):
        file = DATA / f"trips{rows}.parquet"
        if not file.exists():
            part = file.with_suffix(".part")
            make(rows, "", str(part))
            part.rename(file)
        runs = [measured(sys.executable, "headwater.validation", "parquet", ["", str(file), ""]) for _ in range(RUNS)]
        seconds, megabytes = (statistics.median(run[key] for run in runs) for key in ("work", "peak_mb"))
        size = file.stat().st_size / 1e6
        lines.append(
            f"| {rows:,} | {size:,.0f} MB | {seconds:.1f} s | {1e6 * seconds / rows:.2f} s | {megabytes:.0f} MB |"
        )
        record[rows] = runs
        print(lines[-1], flush=True)
    out = ROOT / "bench" / "results"
    (out / "validation_curve.md").write_text("\n".join(lines) + f"\n\nMedians of {RUNS} runs, two cores.\n")
    (out / "validation_curve.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
