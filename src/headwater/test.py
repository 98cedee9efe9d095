"""`tf.test`: a test case that compares tensors, and questions about devices."""

# ruff: noqa: PT009  it is itself a unittest.TestCase

from __future__ import annotations

import platform
import random
import tempfile
import unittest
from typing import Any

import numpy as np

import headwater.ops.operators  # noqa: F401  what Python's operators do with tensors
from headwater.core import nest
from headwater.core.tensor import Tensor
from headwater.core.variable import Variable
from headwater.ops.devices import has_accelerator, local_devices
from headwater.ops.random import set_seed

__all__ = [
    "TestCase", "gpu_device_name", "is_built_with_cuda", "is_built_with_gpu_support", "is_built_with_rocm",
    "is_built_with_xla", "is_cpu_target_available", "is_gpu_available", "main",
]  # fmt: skip


class TestCase(unittest.TestCase):
    """A `unittest.TestCase` with comparisons of tensors, arrays and nested structures; seeds are reset for each test.

    >>> tf.test.TestCase().assertAllClose(tf.constant([1.0]), [1.0 + 1e-7])
    """

    __test__ = False  # for collectors: subclasses are tests, this is not

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__test__ = True

    def setUp(self) -> None:
        random.seed(1)
        np.random.seed(1)
        set_seed(1)

    def get_temp_dir(self) -> str:
        """A folder for the files of this test case, the same in every call."""
        if not hasattr(self, "_folder"):
            self._folder = tempfile.TemporaryDirectory()
            self.addCleanup(self._folder.cleanup)
        return self._folder.name

    def evaluate(self, tensors: Any) -> Any:
        """The values of a structure of tensors as NumPy arrays."""
        return nest.map_structure(_array, tensors)

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Asserts that shapes and all elements are equal."""
        np.testing.assert_array_equal(_array(a), _array(b), err_msg=msg or "", strict=False)
        self.assertShapeEqual(_array(a), _array(b), msg)

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Asserts that some element differs."""
        if np.array_equal(_array(a), _array(b)):
            raise AssertionError(msg or f"The two values are equal at all elements: {_array(a)}.")

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Asserts that structures agree and numbers are near: ``|a - b| <= atol + rtol * |b|``."""
        if nest.is_nested(a) and isinstance(a, dict):
            self.assertEqual(set(a), set(b), msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, msg)
            return
        left, right = _array(a), _array(b)
        if left.dtype == np.float16 or right.dtype == np.float16:
            rtol, atol = max(rtol, 1e-3), max(atol, 1e-3)
        elif "bfloat16" in (left.dtype.name, right.dtype.name):
            rtol, atol = max(rtol, 1e-2), max(atol, 1e-2)
            left, right = left.astype(np.float32), right.astype(np.float32)
        self.assertShapeEqual(left, right, msg)
        np.testing.assert_allclose(left, right, rtol=rtol, atol=atol, err_msg=msg or "")

    def assertNotAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Asserts that some number is not near."""
        try:
            self.assertAllClose(a, b, rtol, atol, msg)
        except AssertionError:
            return
        raise AssertionError(msg or "The two values are close at all elements.")

    def assertAllCloseAccordingToType(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None, **tolerances: float
    ) -> None:
        """`assertAllClose`, with wider tolerances for narrow dtypes (given as ``half_rtol=...`` and the like)."""
        name = _array(a).dtype.name
        prefix = {"float16": "half_", "bfloat16": "bfloat16_", "float32": "float_"}.get(name, "")
        defaults = {"half_": 1e-3, "bfloat16_": 1e-2}.get(prefix, 0.0)
        rtol = tolerances.get(prefix + "rtol", max(rtol, defaults)) if prefix else rtol
        atol = tolerances.get(prefix + "atol", max(atol, defaults)) if prefix else atol
        self.assertAllClose(a, b, rtol, atol, msg)

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Asserts that every element is greater than a number."""
        self._assert_elements(_array(a) > comparison_target, a, f"> {comparison_target}")

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Asserts that no element is less than a number."""
        self._assert_elements(_array(a) >= comparison_target, a, f">= {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Asserts that every element is less than a number."""
        self._assert_elements(_array(a) < comparison_target, a, f"< {comparison_target}")

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Asserts that no element is greater than a number."""
        self._assert_elements(_array(a) <= comparison_target, a, f"<= {comparison_target}")

    def assertAllInRange(self, target: Any, lower_bound: Any, upper_bound: Any) -> None:
        """Asserts that every element is between two numbers, which are included."""
        values = _array(target)
        inside = (values >= lower_bound) & (values <= upper_bound)
        self._assert_elements(inside, target, f"in [{lower_bound}, {upper_bound}]")

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Asserts that every element is one of some values."""
        self._assert_elements(np.isin(_array(target), list(expected_set)), target, f"in {expected_set}")

    @staticmethod
    def _assert_elements(holds: Any, values: Any, condition: str) -> None:
        if not np.all(holds):
            wrong = np.argwhere(~np.asarray(holds))[:10].tolist()
            raise AssertionError(f"Expected every element {condition}; not so at {wrong} of {_array(values)}.")

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """Asserts that two values have the same shape."""
        shapes = tuple(np.shape(x) if not hasattr(x, "shape") else tuple(x.shape) for x in (input_a, input_b))
        self.assertEqual(shapes[0], shapes[1], msg or f"Shapes differ: {shapes[0]} and {shapes[1]}.")

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """Asserts that a value has a dtype."""
        self.assertEqual(_array(target).dtype, np.dtype(getattr(expected_dtype, "as_numpy_dtype", expected_dtype)))

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        """Asserts that two numbers differ by no more than `err`."""
        self.assertLessEqual(abs(float(f1) - float(f2)), err, msg)

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: str | None = None) -> None:
        """Asserts that two vectors differ nowhere by more than `err`."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for left, right in zip(farray1, farray2, strict=True):
            self.assertNear(left, right, err, msg)

    def assertEmpty(self, container: Any, msg: str | None = None) -> None:
        """Asserts that a container has no elements."""
        self.assertEqual(len(container), 0, msg)

    def assertNotEmpty(self, container: Any, msg: str | None = None) -> None:
        """Asserts that a container has elements."""
        self.assertGreater(len(container), 0, msg)

    def assertLen(self, container: Any, expected_len: int, msg: str | None = None) -> None:
        """Asserts that a container has so many elements."""
        self.assertEqual(len(container), expected_len, msg)

    def assertBetween(self, value: Any, minv: Any, maxv: Any, msg: str | None = None) -> None:
        """Asserts that a number is between two others, which are included."""
        self.assertTrue(minv <= value <= maxv, msg or f"{value} is not between {minv} and {maxv}.")


def _array(value: Any) -> Any:
    if isinstance(value, Tensor | Variable):
        value = value.numpy()
    if isinstance(value, bytes | str):
        return np.asarray(value.encode() if isinstance(value, str) else value, object)
    if isinstance(value, list | tuple):
        return np.asarray([_array(v) for v in value]) if value else np.asarray([])
    return np.asarray(value)


def is_built_with_cuda() -> bool:
    """Whether support for NVIDIA GPUs is installed.

    >>> tf.test.is_built_with_cuda() in (True, False)
    True
    """
    return has_accelerator("GPU")


def is_built_with_gpu_support() -> bool:
    """Whether support for GPUs is installed.

    >>> tf.test.is_built_with_gpu_support() in (True, False)
    True
    """
    return has_accelerator("GPU")


def is_built_with_rocm() -> bool:
    """Whether support for AMD GPUs is installed.

    >>> tf.test.is_built_with_rocm() in (True, False)
    True
    """
    return has_accelerator("GPU") and not is_built_with_cuda()


def is_built_with_xla() -> bool:
    """Always True.

    >>> tf.test.is_built_with_xla()
    True
    """
    return True


def is_cpu_target_available(target: str) -> bool:
    """Whether programs can be compiled for this processor, by LLVM's name: the machine's own.

    >>> tf.test.is_cpu_target_available("none")
    False
    """
    own = {"amd64": "x86", "x86_64": "x86", "arm64": "aarch64"}
    return target == own.get(platform.machine().lower(), platform.machine().lower())


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether a GPU is there. Prefer ``tf.config.list_physical_devices("GPU")``.

    >>> tf.test.is_gpu_available() == bool(tf.config.list_physical_devices("GPU"))
    True
    """
    return bool(local_devices("GPU"))


def gpu_device_name() -> str:
    """The name of the first GPU, or an empty string.

    >>> tf.test.gpu_device_name() in ("", "/device:GPU:0")
    True
    """
    return "/device:GPU:0" if local_devices("GPU") else ""


def main(argv: Any = None) -> None:
    """Runs the tests of the calling program, as `unittest.main`."""
    unittest.main(argv=argv)
