"""`get_file` and `mnist.load_data` with a real server on the loopback device."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import pathlib
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater.keras.datasets import mnist

pytestmark = pytest.mark.server
get_file = tf.keras.utils.get_file
CONTENT = np.random.RandomState(0).bytes(1 << 20)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends the server's files, the rest of one too, and breaks off where the server says so."""

    server: Server

    def do_GET(self) -> None:
        """Answers one request."""
        content = self.server.files.get(self.path.partition("?")[0])
        if content is None:
            self.send_error(404)
            return
        start = self._start(content)
        if start and start >= len(content):
            self.send_error(416)
            return
        self.server.starts.append(start)
        self.send_response(206 if start else 200)
        if self.server.tagged:
            self.send_header("ETag", self._tag(content))
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.cut])

    def _tag(self, content: bytes) -> str:
        return f'"{_sha256(content)[:8]}"'

    def _start(self, content: bytes) -> int:
        wanted = self.headers.get("Range")
        if wanted is None or not self.server.resumes or self.headers.get("If-Range") != self._tag(content):
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Files by path; `starts`: from which byte on each answer was; `cut`: the byte that answers break off at."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {"/a.bin": CONTENT}
        self.starts: list[int] = []
        self.cut: int | None = None
        self.resumes = self.tagged = True
        self.address = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> pathlib.Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _names(folder: pathlib.Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_file_is_downloaded_once(server: Server, home: pathlib.Path, tmp_path: pathlib.Path) -> None:
    address = f"{server.address}/a.bin"
    assert get_file(origin=f"{address}?version=1") == str(home / "datasets" / "a.bin")
    assert pathlib.Path(get_file("a.bin", address)).read_bytes() == CONTENT
    assert server.starts == [0]
    elsewhere = get_file(pathlib.Path("b"), address, cache_subdir="models", cache_dir=tmp_path / "other")
    assert elsewhere == str(tmp_path / "other" / "models" / "b")
    assert get_file("c", address, cache_subdir=tmp_path / "absolute") == str(tmp_path / "absolute" / "c")
    assert _names(tmp_path) == ["absolute/c", "home/datasets/a.bin", "other/models/b"]
    pathlib.Path(elsewhere).write_bytes(b"mine")
    get_file("b", address, cache_subdir="models", cache_dir=tmp_path / "other", force_download=True)
    assert pathlib.Path(elsewhere).read_bytes() == CONTENT


def test_the_cache_is_elsewhere_where_the_home_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, server: Server
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    assert get_file(origin=f"{server.address}/a.bin") == str(tmp_path / "temporary" / ".keras" / "datasets" / "a.bin")


@pytest.mark.parametrize("arguments", [
    {"file_hash": _sha256(CONTENT).upper()}, {"file_hash": hashlib.md5(CONTENT).hexdigest()},
    {"md5_hash": hashlib.md5(CONTENT).hexdigest()}, {"file_hash": _sha256(CONTENT), "hash_algorithm": "sha256"},
])  # fmt: skip
def test_a_file_with_another_checksum_is_replaced(
    server: Server, home: pathlib.Path, arguments: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "datasets" / "a.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    get_file("a.bin", f"{server.address}/a.bin", **arguments)
    assert path.read_bytes() == CONTENT
    assert "has another checksum" in capsys.readouterr().out
    get_file("a.bin", f"{server.address}/a.bin", **arguments)
    assert server.starts == [0]


def test_a_download_with_another_checksum_is_not_kept(server: Server, home: pathlib.Path) -> None:
    path = home / "datasets" / "a.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    with pytest.raises(ValueError, match=f"checksum {'0' * 64}, received a file with {_sha256(CONTENT)}"):
        get_file("a.bin", f"{server.address}/a.bin", file_hash="0" * 64)
    assert path.read_bytes() == b"mine"
    with pytest.raises(ValueError, match=r"hash_algorithm.*sha1"):
        get_file("a.bin", f"{server.address}/a.bin", file_hash="0" * 64, hash_algorithm="sha1")
    assert server.starts == [0]


def _break_off(server: Server, at: int) -> None:
    server.cut = at
    with pytest.raises(OSError, match=r"Could not download .*Expected the file at .*datasets.a\.bin"):
        get_file("a.bin", f"{server.address}/a.bin")
    server.cut = None


def test_a_download_that_broke_off_goes_on(server: Server, home: pathlib.Path) -> None:
    for at in (300_000, 700_000):
        _break_off(server, at)
        assert not (home / "datasets" / "a.bin").exists()
    assert pathlib.Path(get_file("a.bin", f"{server.address}/a.bin")).read_bytes() == CONTENT
    assert server.starts == [0, 300_000, 700_000]
    assert _names(home) == ["datasets/a.bin"]


@pytest.mark.parametrize("reason", ["another version", "no ranges", "no tag", "all is there"])
def test_a_download_begins_again_where_it_cannot_go_on(server: Server, home: pathlib.Path, reason: str) -> None:
    server.tagged = reason != "no tag"
    _break_off(server, 300_000)
    server.resumes = reason != "no ranges"
    if reason == "another version":
        server.files["/a.bin"] = CONTENT[::-1]
    if reason == "all is there":
        (home / "datasets" / "a.bin.part").write_bytes(CONTENT)
    assert pathlib.Path(get_file("a.bin", f"{server.address}/a.bin")).read_bytes() == server.files["/a.bin"]
    assert server.starts == [0, 0]
    assert _names(home) == ["datasets/a.bin"]


def test_errors_say_where_to_put_the_file(server: Server, home: pathlib.Path) -> None:
    place = str(home / "datasets" / "a.bin")
    for address, reason in (
        (f"http://127.0.0.1:{_closed_port()}/a.bin", "refused"),
        (f"{server.address}/no/a.bin", "HTTP Error 404"),
    ):
        with pytest.raises(OSError, match=f"Could not download {address}: .*{reason}.*put it there") as caught:
            get_file(origin=address)
        assert place in str(caught.value)
    with pytest.raises(ValueError, match="`origin`"):
        get_file("a.bin")
    with pytest.raises(ValueError, match="without folders"):
        get_file("folder/a.bin", f"{server.address}/a.bin")
    with pytest.raises(ValueError, match="Give `fname`"):
        get_file(origin=f"{server.address}/")


def _tar(name: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as file:
        entry = tarfile.TarInfo(name)
        entry.size = 3
        file.addfile(entry, io.BytesIO(b"tar"))
    return stream.getvalue()


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("in/b.txt", "zip")
    return stream.getvalue()


@pytest.mark.parametrize(("arguments", "folder", "kept"), [
    ({"origin": "t.tar.gz", "fname": "t", "untar": True}, "t", "t_archive"),
    ({"origin": "t.tar.gz", "fname": "t", "extract": True}, "t", "t_archive"),
    ({"origin": "t.tar.gz", "extract": True}, "t.tar.gz", "t.tar.gz_archive"),
    ({"origin": "t.tar.gz", "fname": "x.tar.gz", "extract": True}, "x_extracted", "x.tar.gz"),
    ({"origin": "z.zip", "fname": "z.zip", "extract": True, "archive_format": "zip"}, "z_extracted", "z.zip"),
    ({"origin": "z.zip", "extract": True, "archive_format": ["tar", "zip"]}, "z.zip", "z.zip_archive"),
])  # fmt: skip
def test_archives_are_unpacked_where_keras_does(
    server: Server, home: pathlib.Path, arguments: dict[str, Any], folder: str, kept: str
) -> None:
    server.files.update({"/t.tar.gz": _tar("in/b.txt"), "/z.zip": _zip()})
    arguments = {**arguments, "origin": f"{server.address}/{arguments['origin']}"}
    assert get_file(**arguments) == str(home / "datasets" / folder)
    assert _names(home / "datasets") == sorted([kept, f"{folder}/in/b.txt"])
    (home / "datasets" / folder / "in" / "b.txt").unlink()
    get_file(**arguments)
    assert _names(home / "datasets") == [kept]  # what is there stays as the user left it
    get_file(**arguments, force_download=True)
    assert _names(home / "datasets") == sorted([kept, f"{folder}/in/b.txt"])
    assert server.starts == [0, 0]


def test_archives_that_cannot_be_unpacked(server: Server, home: pathlib.Path) -> None:
    server.files.update({"/bad.tar.gz": _tar("../outside.txt"), "/z.zip": _zip()})
    with pytest.raises(ValueError, match=r"archive_format.*'rar'"):
        get_file(origin=f"{server.address}/z.zip", extract=True, archive_format="rar")
    assert server.starts == []
    for name, options in (("a.bin", {"extract": True}), ("z.zip", {"untar": True})):
        with pytest.raises(ValueError, match="Expected an archive"):
            get_file(origin=f"{server.address}/{name}", **options)
    with pytest.raises(ValueError, match="no file or folder within it"):
        get_file(origin=f"{server.address}/bad.tar.gz", extract=True)
    assert _names(home / "datasets") == ["a.bin_archive", "bad.tar.gz_archive", "z.zip_archive"]


def test_mnist(server: Server, home: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {f"{x}_{part}": np.arange(n, dtype=np.uint8) for x in "xy" for part, n in (("train", 6), ("test", 2))}
    stream = io.BytesIO()
    np.savez(stream, **parts)
    monkeypatch.setattr(mnist, "_SHA256", _sha256(stream.getvalue()))
    monkeypatch.setattr(mnist, "_ORIGIN", f"http://127.0.0.1:{_closed_port()}/mnist.npz")
    with pytest.raises(OSError, match="put it there") as caught:
        mnist.load_data()
    place = home / "datasets" / "mnist.npz"
    assert str(place) in str(caught.value)
    server.files["/mnist.npz"] = stream.getvalue()
    monkeypatch.setattr(mnist, "_ORIGIN", f"{server.address}/mnist.npz")
    server.cut = 100
    with pytest.raises(OSError, match="Could not download"):
        mnist.load_data()
    server.cut = None
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert server.starts == [0, 100]
    for received, name in ((x_train, "x_train"), (y_train, "y_train"), (x_test, "x_test"), (y_test, "y_test")):
        np.testing.assert_array_equal(received, parts[name])
    content = place.read_bytes()
    place.unlink()
    (home / "datasets" / "by_hand.npz").write_bytes(content)
    mnist.load_data("by_hand.npz")
    assert server.starts == [0, 100]


def test_fashion_mnist_is_read_from_the_cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for part, count in (("train", 3), ("t10k", 2)):
        images = np.arange(count * 784, dtype=np.uint32).astype(np.uint8)
        for name, header, values in (
            ("labels-idx1", 8, np.arange(count, dtype=np.uint8)), ("images-idx3", 16, images),
        ):  # fmt: skip
            (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(b"x" * header + values.tobytes()))
    (x_train, y_train), (x_test, y_test) = tf.keras.datasets.fashion_mnist.load_data()
    assert (x_train.shape, x_test.shape, y_test.tolist()) == ((3, 28, 28), (2, 28, 28), [0, 1])
    assert y_train.tolist() == [0, 1, 2]
    assert x_train[1, 0, 0] == 784 % 256
    x_train[0] = 0  # it is the caller's
