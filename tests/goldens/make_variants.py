"""Records what TensorFlow answers to the variants: `python tests/goldens/make_variants.py` with TensorFlow 2.21."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import warnings
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
warnings.filterwarnings("ignore")

import tensorflow as tf  # noqa: E402

from tests.goldens import variants  # noqa: E402


def answer(case: Any, variant: Any) -> Any:
    """What is recorded of one row; None for nothing."""
    try:
        outputs = variants.run(tf, case, variant)
    except Exception as error:
        return type(error).__name__ if variant.binding else None
    return None if outputs is None else variants.summary(outputs)


def work(first: int) -> None:
    """Prints the answers of the rows from `first` on."""
    for index, (name, case, variant) in enumerate(variants.rows()):
        if index >= first:
            print(index, flush=True)
            found = answer(case, variant)
            if found is not None:
                print(json.dumps([name, found], separators=(",", ":")), flush=True)


def main() -> None:
    lines: list[str] = []
    first, code = 0, 1
    while code:
        # TensorFlow dies of some empty tensors: that row has no answer, and another process goes on behind it.
        with subprocess.Popen([sys.executable, __file__, str(first)], stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                if line[:1].isdigit():
                    first = int(line) + 1
                elif line.startswith("["):
                    lines.append(line)
        code = process.returncode
    variants.FILE.write_text("".join(lines))
    print(f"{len(lines)} rows")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(int(sys.argv[1]))
    else:
        main()
