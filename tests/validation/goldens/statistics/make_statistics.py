"""Writes what TensorFlow Data Validation says of the cases. Run it in an environment with TFDV."""

import pathlib
import sys
import tempfile

import pyarrow as pa
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics import stats_impl

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import cases  # noqa: E402

_ARROW = {"BIGINT": pa.int64(), "DOUBLE": pa.float64(), "VARCHAR": pa.string(), "BLOB": pa.binary()}
_ARROW["STRUCT(a BIGINT[], b BLOB[])"] = pa.struct([("a", pa.list_(pa.int64())), ("b", pa.list_(pa.binary()))])


def arrow(kind: str, values: list) -> pa.Array:
    """Values as TFDV takes them: a single value is a list of one."""
    if not kind.endswith("]"):
        kind, values = f"{kind}[]", [None if v is None else [v] for v in values]
    depth = kind.count("[]", kind.rfind(")") + 1)
    inner = _ARROW[kind[: -2 * depth]]
    for _ in range(depth):
        inner = pa.list_(inner)
    return pa.array(values, inner)


def write(name: str, statistics: object) -> None:
    text = text_format.MessageToString(statistics, as_one_line=True)
    (FOLDER / "data" / f"{name.replace(' ', '_')}.pbtxt").write_text(text + "\n")


def main() -> None:
    (FOLDER / "data").mkdir(exist_ok=True)
    for name, case in cases.CASES.items():
        arrays = [arrow(kind, values) for kind, values in case.columns.values()]
        batch = pa.RecordBatch.from_arrays(arrays, list(case.columns))
        write(name, stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions(**case.options)))
    for name, text in cases.CSV.items():
        with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
            file.write(text)
            file.flush()
            write(f"csv {name}", tfdv.generate_statistics_from_csv(file.name))


if __name__ == "__main__":
    main()
