"""Data validation beside TensorFlow Data Validation, on a million generated trips.

VALIDATION_TFDV_PYTHON names an interpreter with tensorflow-data-validation; without it, an environment is made under
bench/.envs with uv (pip does not find a working set of versions). Measurements are interleaved; medians are compared.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent.parent
ENV = ROOT / "bench" / ".envs" / "tfdv"
DATA = ROOT / "bench" / ".envs" / "data"
TASKS = {
    "csv": ("Statistics of a CSV file of 1,000,000 rows and 12 columns", "work"),
    "validate_parquet": ("The same as Parquet: import, statistics, schema, validation; the whole process", "process"),
    "table": ("Statistics of the same as a pandas data frame", "work"),
}


def tfdv_python() -> str:
    """The interpreter with TFDV."""
    if given := os.environ.get("VALIDATION_TFDV_PYTHON"):
        return given
    python = ENV / "bin" / "python"
    if not python.exists():
        subprocess.run(("uv", "venv", "--python", "3.11", str(ENV)), check=True)
        install = ("uv", "pip", "install", "--python", str(python))
        subprocess.run((*install, "tensorflow-data-validation==1.16.1", "dill"), check=True)
    return str(python)


def measured(python: str, module: str, task: str, data: list[str]) -> dict[str, float]:
    """What a worker prints."""
    command = (python, str(BENCH / "worker.py"), module, task, *data)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    DATA.mkdir(parents=True, exist_ok=True)
    data = [str(DATA / f"trips{options.rows}.{kind}") for kind in ("csv", "parquet")]
    if not pathlib.Path(data[1]).exists():
        subprocess.run((sys.executable, str(BENCH / "trips.py"), str(options.rows), *data), check=True)
    sides = {"tensorflow_data_validation": tfdv_python(), "headwater.validation": sys.executable}
    raw: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number in range(options.rounds):
        for task in TASKS:
            for module, python in list(sides.items())[:: 1 if number % 2 else -1]:
                result = measured(python, module, task, data)
                raw.setdefault((task, module), []).append(result)
                print(f"round {number + 1}: {task}, {module}: {result}", flush=True)
    lines = [
        "| | TFDV 1.16.1 | Headwater | ratio | TFDV, memory | Headwater, memory | ratio |",
        "|---|---|---|---:|---|---|---:|",
    ]
    record = {}
    for task, (title, figure) in TASKS.items():
        theirs, ours = (raw[task, module] for module in sides)
        time = [statistics.median(r[figure] for r in side) for side in (theirs, ours)]
        memory = [statistics.median(r["peak_mb"] for r in side) for side in (theirs, ours)]
        lines.append(
            f"| {title} | {time[0]:.2f} s | {time[1]:.2f} s | {time[0] / time[1]:.1f}× | {memory[0]:.0f} MB | "
            f"{memory[1]:.0f} MB | {memory[0] / memory[1]:.1f}× |"
        )
        record[task] = {"theirs": theirs, "ours": ours}
    text = (
        "\n".join(lines)
        + f"\n\nMedians of {options.rounds} interleaved rounds, each in fresh processes, on {os.cpu_count()} cores.\n"
    )
    out = ROOT / "bench" / "results"
    (out / "validation.md").write_text(text)
    (out / "validation.json").write_text(json.dumps(record, indent=2) + "\n")
    print(text)


if __name__ == "__main__":
    main()
