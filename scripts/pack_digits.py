"""Pack arrays of digits into the file that ships: `python scripts/pack_digits.py SOURCE.npz`.

The same arrays always give the same bytes. Deflate, because LZMA (14 % smaller) is missing from some builds of Python.
"""

import io
import pathlib
import sys
import zipfile

import numpy as np

TARGET = pathlib.Path(__file__).parents[1] / "src" / "headwater" / "keras" / "datasets" / "digits.npz"
NAMES = ("x_train", "y_train", "x_test", "y_test")


def pack(source: pathlib.Path, target: pathlib.Path) -> None:
    """Write the named arrays of `source` to `target`."""
    with np.load(source) as arrays, zipfile.ZipFile(target, "w") as archive:
        for name in NAMES:
            data = io.BytesIO()
            np.lib.format.write_array(data, arrays[name], allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


if __name__ == "__main__":
    pack(pathlib.Path(sys.argv[1]), TARGET)
