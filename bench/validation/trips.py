"""Makes the benchmark's data, the same at every call: taxi-like trips. `trips.py ROWS OUT.csv OUT.parquet`."""

import sys

import duckdb

SQL = """
SELECT
    CASE WHEN h(i, 1) < 0.9 THEN (h(i, 2) * 7)::INTEGER END AS passengers,
    CASE WHEN h(i, 3) < 0.6 THEN (h(i, 4) * 1000)::INTEGER END AS zone,
    (1700000000 + i * 37 % 31536000)::BIGINT AS started_at,
    round(exp(1 + h(i, 5) * 2.5 + h(i, 6)), 2) AS fare,
    round(h(i, 7) * 40 * h(i, 8), 3) AS miles,
    CASE WHEN h(i, 9) < 0.4 THEN round(h(i, 10) * 10, 2) END AS tip,
    CASE WHEN h(i, 11) < 0.8 THEN 1 + floor(h(i, 12) * h(i, 12) * 50) / 10 END AS rating,
    ['Cash', 'Card', 'Mobile', 'Prepaid', 'No charge'][1 + (h(i, 13) * h(i, 14) * 5)::INTEGER % 5] AS payment,
    CASE WHEN h(i, 15) < 0.95 THEN 'company ' || floor(h(i, 16) * h(i, 17) * 120)::INTEGER END AS company,
    CASE WHEN h(i, 18) < 0.7 THEN 'street ' || floor(h(i, 19) * 20000)::INTEGER END AS street,
    'taxi-' || floor(h(i, 20) * 150000)::INTEGER AS taxi,
    md5((i - (h(i, 21) < 0.0005)::INTEGER)::VARCHAR) AS trip
FROM range({rows}) t(i)
"""


def make(rows: int, csv: str, parquet: str) -> None:
    """Writes the trips as CSV and as Parquet."""
    connection = duckdb.connect()
    connection.execute("CREATE MACRO h(i, k) AS (hash(i * 64 + k) >> 11)::DOUBLE / 9007199254740992")
    relation = SQL.format(rows=rows)
    if csv:
        connection.execute(f"COPY ({relation}) TO '{csv}' (HEADER)")
    connection.execute(f"COPY ({relation}) TO '{parquet}' (FORMAT parquet)")


if __name__ == "__main__":
    make(int(sys.argv[1]), *sys.argv[2:4])
