"""Writes the tables that scikit-learn ships as CSV files: `tables.py FOLDER`, where scikit-learn and pandas are."""

import pathlib
import sys

from sklearn import datasets

NAMES = ("iris", "wine", "breast_cancer", "diabetes", "linnerud", "digits")

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        table = getattr(datasets, f"load_{name}")(as_frame=True).frame
        table.to_csv(folder / f"{name}.csv", index=False)
