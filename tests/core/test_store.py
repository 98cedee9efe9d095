"""Compiled programs kept between runs: what a second process compiles, and what a bad folder does."""

import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

from headwater.core.store import ProgramStore

_COUNT = """
import collections, json, sys
import jax
import numpy as np
import headwater as tf

events = collections.Counter()
jax.monitoring.register_event_listener(lambda name, **_: events.update([name.rsplit("/", 1)[1]]))


def model():
    tf.keras.utils.set_random_seed(1)
    layers = tf.keras.layers
    model = tf.keras.Sequential([layers.Input((4,)), layers.Dense(3, "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((8, 4), "f4"), np.ones((8, 1), "f4"), epochs=2, batch_size=4, verbose=0)
    return float(np.sum(model.predict(np.ones((2, 4), "f4"), verbose=0)))


def ops():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    y = tf.nn.relu(tf.matmul(x + 1.0, tf.transpose(x)) * 2.0)
    z = tf.concat([tf.exp(-y), tf.nn.softmax(x)], 0)
    z = tf.where(z > 0.5, z, tf.zeros_like(z)) - tf.reduce_mean(z, 1, keepdims=True)
    w = tf.gather(tf.stack([z, z]), [1, 0]) / tf.sqrt(tf.cast(tf.argmax(z, 1)[0] + 1, tf.float32))
    return float(tf.reduce_sum(tf.reshape(w, [-1])))


def counted(run):
    events.clear()
    value = run()
    return value, events["compile_requests_use_cache"] - events["cache_hits"]
"""


def _run(code: str, folder: pathlib.Path | str) -> list[list[float]]:
    """What the code prints as JSON, with that folder as cache, and none of JAX's own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")} | {"HEADWATER_CACHE_DIR": str(folder)}
    done = subprocess.run([sys.executable, "-W", "error", "-c", _COUNT + code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_second_process_compiles_nothing_and_computes_the_same(tmp_path: pathlib.Path) -> None:
    code = "print(json.dumps([counted(ops), counted(model), counted(model)]))"
    first, second = _run(code, tmp_path), _run(code, tmp_path)
    assert first[0][1] > 10 and first[1][1] > 5
    assert first[2][1] == 0, "an equal second model compiles nothing"
    assert [compiled for _, compiled in second] == [0, 0, 0]
    assert [value for value, _ in second] == [value for value, _ in first]


def test_import_alone_writes_nothing(tmp_path: pathlib.Path) -> None:
    _run("tf.constant; print('[]')", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("kind", ["off", "a file in its place", "others may write"])
def test_without_a_folder_programs_are_kept_in_memory(tmp_path: pathlib.Path, kind: str) -> None:
    folder: pathlib.Path | str = tmp_path / "cache"
    if kind == "off":
        folder = ""
    elif kind == "a file in its place":
        (tmp_path / "cache").write_text("")
    else:
        (tmp_path / "cache" / "xla").mkdir(parents=True)
        (tmp_path / "cache" / "xla").chmod(0o777)
    code = "f = lambda: float(tf.function(lambda x: tf.exp(x))(tf.constant(0.0)))"
    value, again = _run(code + "; print(json.dumps([counted(f), counted(f)]))", folder)
    assert value == [1.0, value[1]] and value[1] > 0
    assert again == [1.0, 0]
    assert not list(tmp_path.rglob("*.xla"))


def _entries(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(folder.glob("*.xla"))


def test_a_damaged_entry_is_none_and_is_written_again(tmp_path: pathlib.Path) -> None:
    store = ProgramStore(tmp_path / "xla")
    store.put("key", b"program")
    (file,) = _entries(tmp_path / "xla")
    for damaged in (b"", b"short", file.read_bytes()[:-1], file.read_bytes() + b"x"):
        file.write_bytes(damaged)
        assert store.get("key") is None
        assert not file.exists()
        store.put("key", b"program")
        assert store.get("key") == b"program"


def test_what_was_not_used_for_longest_goes_first(tmp_path: pathlib.Path) -> None:
    store = ProgramStore(tmp_path / "xla", max_bytes=1000)
    for number in range(8):
        store.put(f"key{number}", bytes(134))  # 150 with its check
        os.utime(max(_entries(tmp_path / "xla"), key=lambda p: p.stat().st_mtime_ns), (number, number))
    assert store.get("key0") is not None  # used now
    store.sweep()
    assert [n for n in range(8) if store.get(f"key{n}") is not None] == [0, 4, 5, 6, 7]


def test_entries_are_bounded_while_writing(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.core.store._SWEEP_EVERY", 4)
    store = ProgramStore(tmp_path / "xla", max_entries=10)
    for number in range(40):
        store.put(f"key{number}", b"program")
    assert len(_entries(tmp_path / "xla")) <= 15


def test_several_writers_and_readers_see_whole_entries(tmp_path: pathlib.Path) -> None:
    value, wrong = os.urandom(1 << 20), []

    def work() -> None:
        store = ProgramStore(tmp_path / "xla")
        for _ in range(10):
            store.put("key", value)
            if store.get("key") != value:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(list((tmp_path / "xla").iterdir())) == 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.core.store._MEMORY_BYTES", 100)
    store = ProgramStore(None)
    for number in range(5):
        store.put(f"key{number}", bytes(40))
    assert [n for n in range(5) if store.get(f"key{n}") is not None] == [3, 4]
