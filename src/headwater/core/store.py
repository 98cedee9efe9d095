"""Compiled programs kept between runs: a bounded folder behind JAX's compilation cache.

JAX asks for the bytes of an executable by a key that covers the program, the options, the platform and the versions of
XLA. The store answers from a folder of the user's, so that a second process compiles nothing, and an equal second model
finds the first one's programs. Whatever is wrong with the folder is never an error: without one, programs are kept in
memory.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import hashlib
import os
import pathlib
import platform
import random
import secrets
import stat
import threading
import time
from collections.abc import Iterator

import jax

# The folder is thinned out to three quarters of these when it exceeds one of them.
_MAX_BYTES = 1 << 30
_MAX_ENTRIES = 20_000
# The folder is looked through once in so many writes, by whichever process makes them.
_SWEEP_EVERY = 256
_MEMORY_BYTES = 64 << 20
# An entry's time of use is written down at most once in this many seconds.
_USE_AGE = 3600.0
_CHECK_BYTES = 16
_SUFFIX = ".xla"


class ProgramStore:
    """What JAX's compilation cache reads from and writes to.

    Args:
        folder: Where entries stand; None keeps them in this process' memory only.
        max_bytes: The size of the folder beyond which the entries that were not used for longest are removed.
        max_entries: The number of entries beyond which they are.
    """

    def __init__(
        self, folder: pathlib.Path | None, max_bytes: int = _MAX_BYTES, max_entries: int = _MAX_ENTRIES
    ) -> None:
        self._folder = folder
        self._path = "" if folder is None else os.fspath(folder)  # where JAX looks for it
        self._limits = max_bytes, max_entries
        self._until_sweep = random.randrange(_SWEEP_EVERY)
        self._is_writable = folder is not None
        self._is_trusted = False
        self._memory: collections.OrderedDict[str, bytes] = collections.OrderedDict()
        self._memory_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The entry of that key, or None where there is none or it is damaged."""
        name = _name(key)
        with self._lock:
            if name in self._memory:
                self._memory.move_to_end(name)
                return self._memory[name]
        if self._folder is None or not self._trusts(self._folder):
            return None
        path = self._folder / name
        try:
            content = path.read_bytes()
        except OSError:
            return None
        value = content[_CHECK_BYTES:]
        with contextlib.suppress(OSError):
            if _check(value) != content[:_CHECK_BYTES]:
                path.unlink()
                return None
            if time.time() - path.stat().st_mtime > _USE_AGE:
                os.utime(path)
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keeps an entry: on disk, or in memory where that cannot be."""
        if not (self._is_writable and self._written(_name(key), value)):
            self._remember(_name(key), value)

    def clear(self) -> None:
        """Forgets what is in memory."""
        with self._lock:
            self._memory.clear()
            self._memory_bytes = 0

    def _written(self, name: str, value: bytes) -> bool:
        """Whether the entry stands in the folder, whole: others see all of it or nothing."""
        assert self._folder is not None
        temporary = self._folder / f"{secrets.token_hex(8)}.tmp"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._trusts(self._folder):
                self._is_writable = False
                return False
            temporary.write_bytes(_check(value) + value)
            os.replace(temporary, self._folder / name)
            self._until_sweep -= 1
            if self._until_sweep < 0:
                self._until_sweep = _SWEEP_EVERY
                self.sweep()
        except OSError:  # full, read-only, a file in the place of the folder: no more attempts in this process
            self._is_writable = False
            with contextlib.suppress(OSError):
                temporary.unlink()
            return False
        return True

    def _trusts(self, folder: pathlib.Path) -> bool:
        """Whether the folder is there and nobody else can write into it: what stands there is run as machine code."""
        if not self._is_trusted:
            try:
                found = folder.stat()
            except OSError:
                return False
            others = stat.S_IWGRP | stat.S_IWOTH
            self._is_trusted = not hasattr(os, "getuid") or (
                found.st_uid in (os.getuid(), 0) and not found.st_mode & others
            )
        return self._is_trusted

    def _remember(self, name: str, value: bytes) -> None:
        with self._lock:
            self._memory_bytes += len(value) - len(self._memory.pop(name, b""))
            self._memory[name] = value
            while self._memory_bytes > _MEMORY_BYTES:
                self._memory_bytes -= len(self._memory.popitem(last=False)[1])

    def sweep(self) -> None:
        """Removes what was not used for longest, if the folder has become too large."""
        found = sorted(self._entries())
        total, count = sum(size for _, size, _ in found), len(found)
        max_bytes, max_entries = self._limits
        if total <= max_bytes and count <= max_entries:
            return
        for _, size, path in found:
            if total <= max_bytes * 3 // 4 and count <= max_entries * 3 // 4:
                return
            with contextlib.suppress(OSError):  # gone already: another process sweeps too
                os.unlink(path)
            total, count = total - size, count - 1

    def _entries(self) -> Iterator[tuple[float, int, str]]:
        """Time of use, size and path of every entry; what an interrupted writer left counts as long unused."""
        assert self._folder is not None
        with contextlib.suppress(OSError), os.scandir(self._folder) as files:
            for file in files:
                with contextlib.suppress(OSError):
                    found = file.stat()
                    if file.name.endswith(_SUFFIX):
                        yield found.st_mtime, found.st_size, file.path
                    elif file.name.endswith(".tmp") and time.time() - found.st_mtime > _USE_AGE:
                        yield 0.0, found.st_size, file.path


def use_compilation_cache(folder: str | os.PathLike[str] | None = None) -> None:
    """Keeps compiled programs on disk between runs. Writes nothing before the first program is compiled.

    A cache that was set up for JAX itself (``JAX_COMPILATION_CACHE_DIR``) is left alone.

    Args:
        folder: Where; None means ``$HEADWATER_CACHE_DIR/xla`` or ``headwater/xla`` in the user's cache folder.
            ``""`` in ``HEADWATER_CACHE_DIR`` keeps programs in memory only.
    """
    if folder is None and jax.config.jax_compilation_cache_dir:  # type: ignore[attr-defined]
        return
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        # The smallest program takes ten times as long to compile as to read.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    path = _default_folder() if folder is None else pathlib.Path(folder)
    try:
        from jax._src import compilation_cache  # noqa: PLC0415 - not public: its absence must not be an error

        compilation_cache.reset_cache()
        # Looked up first: to set a name that JAX does not use is no error.
        _ = compilation_cache._cache, compilation_cache._cache_initialized
        compilation_cache._cache = ProgramStore(path)  # type: ignore[assignment]
        compilation_cache._cache_initialized = True
    except (ImportError, AttributeError):
        jax.config.update("jax_compilation_cache_dir", None if path is None else os.fspath(path))


def _default_folder() -> pathlib.Path | None:
    named = os.environ.get("HEADWATER_CACHE_DIR")
    if named == "":
        return None
    base = pathlib.Path(named) if named else pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "headwater"
    with contextlib.suppress(RuntimeError):  # nobody's home
        return base.expanduser() / "xla"
    return None


def _name(key: str) -> str:
    """The file of a key. JAX's key knows the platform but not the processor's instructions and cores."""
    return hashlib.blake2b(f"{_processor()}\0{key}".encode(), digest_size=20).hexdigest() + _SUFFIX


def _check(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=_CHECK_BYTES).digest()


@functools.cache
def _processor() -> str:
    """What XLA compiles for on the host: the processor's features, and as many threads."""
    facts = {platform.machine(), platform.processor()}
    with contextlib.suppress(OSError):
        lines = pathlib.Path("/proc/cpuinfo").read_text().split("\n\n", 1)[0].splitlines()
        facts |= {line for line in lines if line.split("\t")[0].strip() in ("model name", "flags", "Features")}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return "\n".join([*sorted(facts), str(cores), *[os.environ.get(k, "") for k in ("NPROC", "PJRT_NPROC")]])
