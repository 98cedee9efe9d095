"""Measure TensorFlow, Keras on JAX, PyTorch, plain JAX and Headwater side by side.

Each framework lives in its own environment under bench/.envs, made when missing; BENCH_TENSORFLOW_PYTHON=/path/python
(or _KERAS_, _TORCH_, _HEADWATER_) takes an interpreter that is there already. Measurements are interleaved: every round
runs every program once, in a fresh process, and the medians over the rounds are compared.
"""

import argparse
import contextlib
import dataclasses
import datetime
import json
import math
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import report

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
WORKERS = BENCH / "workers"
_COMMON = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "JAX_PLATFORMS": "cpu",
    "PYTHONDONTWRITEBYTECODE": "",  # or every import would compile its sources again
}


@dataclasses.dataclass(frozen=True)
class Env:
    """An isolated installation of one framework."""

    name: str
    requirements: tuple[str, ...]

    def python(self) -> str:
        """The interpreter to run, after making sure that it is there."""
        given = os.environ.get(f"BENCH_{self.name.upper()}_PYTHON")
        return given or str(self._made())

    def _made(self) -> pathlib.Path:
        root = BENCH / ".envs" / self.name
        python, stamp = root / "bin" / "python", root / "requirements"
        wanted = "\n".join(self.requirements)
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        print(f"making the environment of {self.name}: {', '.join(self.requirements)}", flush=True)
        if shutil.which("uv") and not subprocess.run(("uv", "--version"), capture_output=True).returncode:
            _run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(root))
            install = ("uv", "pip", "install", "--quiet", "--compile-bytecode")
            _run(*install, "--python", str(python), *self.requirements)
        else:
            _run(sys.executable, "-m", "venv", "--clear", str(root))
            _run(str(python), "-m", "pip", "install", "--quiet", *self.requirements)
        stamp.write_text(wanted)
        return python


@dataclasses.dataclass(frozen=True)
class Side:
    """One framework's part in a task: which program runs in which environment."""

    name: str
    env: str
    program: str = ""
    module: str = ""  # imported by the `import` task; plays `tf` in tf_program.py
    touch: str = ""  # an attribute that the `import` task reads too: a package may load its engine lazily
    variables: dict[str, str] = dataclasses.field(default_factory=dict)  # of the environment


ENVS = {
    env.name: env
    for env in (
        Env("tensorflow", ("tensorflow==2.21.0",)),
        Env("keras", ("keras==3.15.1", "jax==0.10.2")),
        Env("torch", ("torch==2.13.0", "numpy")),
        Env("headwater", ("--editable", str(ROOT))),
    )
}
SIDES = {
    side.name: side
    for side in (
        Side("TensorFlow", "tensorflow", "tf_program.py", "tensorflow", "constant"),
        Side("Keras on JAX", "keras", "keras_program.py", "keras"),
        Side("PyTorch", "torch", "torch_program.py", "torch"),
        Side("plain JAX", "headwater", "jax_program.py", "jax"),
        Side("Headwater", "headwater", "tf_program.py", "headwater", "constant"),
        # In a process that finds no compiled programs of an earlier one.
        Side(
            "Headwater, nothing kept",
            "headwater",
            "tf_program.py",
            "headwater",
            "constant",
            {"HEADWATER_CACHE_DIR": ""},
        ),
    )
}


def _run(*command: str, **env: str) -> str:
    """Standard output of a command; a failure carries the end of its standard error."""
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-1500:]}".replace(str(ROOT), "."))
    return done.stdout


def _environment(side: Side) -> dict[str, str]:
    own = {"headwater": {"PYTHONPATH": str(ROOT / "src")}, "keras": {"KERAS_BACKEND": "jax"}}
    return _COMMON | own.get(side.env, {}) | {"TF_MODULE": side.module} | side.variables


def run_program(task: str, side: Side, repeats: int) -> dict[str, Any]:
    """What the side's program prints for the task."""
    program = str(WORKERS / side.program)
    out = _run(ENVS[side.env].python(), program, task, str(repeats), **_environment(side))
    return json.loads(out.splitlines()[-1])


def time_import(task: str, side: Side, repeats: int) -> dict[str, Any]:
    """Wall time of `python -c "import module"` in fresh processes, files cached, start of Python itself included."""
    touched = f"; {side.module}.{side.touch}" if side.touch else ""
    command = (ENVS[side.env].python(), "-c", f"import {side.module}{touched}")
    _run(*command, **_environment(side))
    samples = []
    for _ in range(repeats):
        start = time.perf_counter()
        _run(*command, **_environment(side))
        samples.append(time.perf_counter() - start)
    return {"seconds": statistics.median(samples), "samples": samples, "check": {}, "versions": {}}


def measure_size(task: str, side: Side, repeats: int) -> dict[str, Any]:
    """Bytes of all files installed in the side's environment, without compiled Python, which grows with use."""
    code = "import sysconfig; print(sysconfig.get_path('platlib'))"
    roots = [pathlib.Path(_run(ENVS[side.env].python(), "-c", code).strip())]
    if side.env == "headwater":  # editable: the package itself is not among the installed files
        roots.append(ROOT / "src" / "headwater")
    files = (file for root in roots for file in root.rglob("*") if file.suffix != ".pyc" and file.is_file())
    return {"bytes": sum(file.stat().st_size for file in files), "samples": [], "check": {}, "versions": {}}


@dataclasses.dataclass(frozen=True)
class Task:
    """Something to measure, on several sides."""

    name: str
    title: str
    sides: tuple[str, ...]
    measure: Callable[[str, Side, int], dict[str, Any]] = run_program
    repeats: int = 3  # within one process
    unit: str = "seconds"
    once: bool = False  # nothing to be gained from another round
    holds: Callable[[dict[str, float]], bool] = lambda check: True  # was the work done?


TASKS = (
    Task(
        "mnist_epoch",
        "One epoch of 784-128-10 on 60,000 digits, batches of 32, after a warm-up epoch",
        ("TensorFlow", "Keras on JAX", "PyTorch", "plain JAX", "Headwater"),
        holds=lambda check: check["accuracy"] > 0.9,
    ),
    Task(
        "function_call",
        "Call of a traced `tf.function`: `x + 1` on 10×10",
        ("TensorFlow", "plain JAX", "Headwater"),
        repeats=7,
        holds=lambda check: check["sum"] == 100,
    ),
    Task(
        "eager_add",
        "`a + b` on 10×10, eagerly",
        ("TensorFlow", "PyTorch", "Headwater"),
        repeats=7,
        holds=lambda check: check["sum"] == 100,
    ),
    Task(
        "tape_loop",
        "300 steps of a custom loop: `GradientTape` in a `@tf.function`, 784-128-10, batches of 32",
        ("TensorFlow", "PyTorch", "Headwater"),
        repeats=5,
        holds=lambda check: abs(check["loss"] - 0.6106) < 1e-3,  # same weights, same batches: same loss
    ),
    *[
        Task(
            f"first_{name}",
            title,
            ("TensorFlow", "Headwater", "Headwater, nothing kept"),
            repeats=1,
            holds=lambda check: all(math.isfinite(value) for value in check.values()),
        )
        for name, title in (
            ("ops", "The first call of 15 eager ops"),
            ("fit_mlp", "The first `fit` of an MLP 784-64-64-10: 8 steps"),
            ("fit_cnn", "The first `fit` of a CNN of two blocks: 8 steps"),
            ("fit_resnet50", "The first `fit` of a ResNet-50: 1 step"),
        )
    ],
    Task(
        "import",
        "Start Python, import, and reach `tf.constant`",
        ("TensorFlow", "Keras on JAX", "PyTorch", "plain JAX", "Headwater"),
        measure=time_import,
    ),
    Task(
        "env_size",
        "Installed environment (PyTorch's CPU build)",
        ("TensorFlow", "Keras on JAX", "PyTorch", "Headwater"),
        measure=measure_size,
        unit="bytes",
        once=True,
    ),
)
AIMS = (
    report.Aim("mnist_epoch", "TensorFlow", "at least 6× faster than TensorFlow's `fit`", at_least=6),
    report.Aim("mnist_epoch", "plain JAX", "at most 25 % slower than a hand-written JAX scan", at_least=1 / 1.25),
    report.Aim("function_call", "TensorFlow", "at least 10× faster than TensorFlow", at_least=10),
    report.Aim("eager_add", "TensorFlow", "at least 2× faster than TensorFlow", at_least=2),
    report.Aim("tape_loop", "TensorFlow", "at least 3× faster than TensorFlow", at_least=3),
    report.Aim("import", "TensorFlow", "less than half of TensorFlow's", at_least=2),
    report.Aim("import", None, "at most 1.2 s", at_most=1.2),
    report.Aim("env_size", "TensorFlow", "less than half of TensorFlow's", at_least=2),
)


def measure(tasks: list[Task], rounds: int, quick: bool) -> dict[str, dict[str, Any]]:
    """Task → side → medians over the rounds, or the error that kept the side from finishing."""
    raw: dict[str, dict[str, list[dict[str, Any]]]] = {task.name: {} for task in tasks}
    errors: dict[tuple[str, str], str] = {}
    for number, task, side in _schedule(tasks, rounds):
        if (task.name, side.name) in errors:
            continue
        try:
            result = task.measure(task.name, side, 1 if quick else task.repeats)
            if not task.holds(result["check"]):
                raise RuntimeError(f"{side.name} computed something else: {result['check']}")
        except (RuntimeError, ValueError, IndexError, KeyError) as error:
            errors[task.name, side.name] = str(error)
            print(f"{task.name}, {side.name}: {error}", flush=True)
            continue
        raw[task.name].setdefault(side.name, []).append(result)
        print(f"round {number}: {task.name}, {side.name}: {report.quantity(result[task.unit], task.unit)}", flush=True)
    return {
        task.name: {
            "title": task.title,
            "unit": task.unit,
            "sides": {
                name: _summary(raw[task.name][name], task.unit)
                if (task.name, name) not in errors
                else {"error": errors[task.name, name]}
                for name in task.sides
            },
        }
        for task in tasks
    }


def _schedule(tasks: list[Task], rounds: int) -> Iterator[tuple[int, Task, Side]]:
    """Every round in another order of sides, so that none always runs after the same neighbour."""
    for number in range(1, rounds + 1):
        for task in tasks:
            turn = number % len(task.sides)
            for name in task.sides[turn:] + task.sides[:turn]:
                if number == 1 or not task.once:
                    yield number, task, SIDES[name]


def _summary(results: list[dict[str, Any]], unit: str) -> dict[str, Any]:
    values = [result[unit] for result in results]
    samples = [sample for result in results for sample in result["samples"]] or values
    return {
        "median": statistics.median(values),
        "min": min(samples),
        "max": max(samples),
        "rounds": values,
        "check": results[-1]["check"],
        "versions": results[-1]["versions"],
    }


def machine() -> dict[str, Any]:
    """What the figures depend on besides the frameworks."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def main() -> int:
    """Measure, write the results, print the table; 1 if a side failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round, one repeat: to see that everything runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", help="comma-separated, of: " + ", ".join(task.name for task in TASKS))
    parser.add_argument("--out", type=pathlib.Path, default=BENCH / "results", help="directory of results.md and .json")
    parser.add_argument("--readme", action="store_true", help="put the summary into README.md too")
    options = parser.parse_args()
    chosen = options.tasks.split(",") if options.tasks else [task.name for task in TASKS]
    if unknown := set(chosen) - {task.name for task in TASKS}:
        parser.error(f"no such task: {', '.join(sorted(unknown))}")

    rounds = 1 if options.quick else options.rounds
    results = measure([task for task in TASKS if task.name in chosen], rounds, options.quick)
    record = {"machine": machine() | {"rounds": rounds}, "tasks": results}
    text = report.markdown(record, AIMS)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    (options.out / "results.md").write_text(text)
    if options.readme:
        report.into_readme(ROOT / "README.md", record, AIMS)
    print(f"\n{text}")
    return int(any("error" in side for task in results.values() for side in task["sides"].values()))


if __name__ == "__main__":
    sys.exit(main())
