"""Every rule of the LiteRT table: a function of that op, converted, run by LiteRT, compared with ours."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import headwater as tf
from headwater.core.op import all_ops, get_op
from headwater.export.lite import convert_concrete_function, verify
from headwater.export.lite.table import RULES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4)).astype(np.float32)
Y = RNG.normal(size=(3, 4)).astype(np.float32)
IMAGES = RNG.normal(size=(2, 7, 8, 3)).astype(np.float32)
POSITIVE = np.abs(X) + 0.5
INTEGERS = RNG.integers(1, 9, size=(3, 4)).astype(np.int32)
BOOLS = X > 0


def vector(*numbers):
    return np.asarray(numbers, np.int32)


class Case(NamedTuple):
    """A call of an op: arrays are inputs of the function, except for those at `constant` (and the op's static ones)."""

    op: str
    inputs: tuple[Any, ...]
    attrs: dict[str, Any]
    constant: tuple[int, ...] = ()
    dynamic: bool = True


def case(op, *inputs, constant=(), dynamic=True, **attrs):
    return Case(op, inputs, attrs, constant, dynamic)


UNARY = [
    "Neg", "Abs", "Sign", "Exp", "Square", "Sin", "Cos", "Tanh", "Sigmoid", "Relu", "Relu6", "Elu", "Floor",
    "Ceil", "Round", "Rint", "ZerosLike", "OnesLike", "Softplus", "Selu", "Softsign", "Expm1", "Tan", "Atan",
    "Sinh", "Cosh", "IsNan", "IsInf", "IsFinite", "Asinh", "Erf",
]  # fmt: skip
OF_POSITIVE = [
    "Log", "Sqrt", "Rsqrt", "Log1p", "Reciprocal",
]  # fmt: skip
BINARY = [
    "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "SquaredDifference", "Atan2", "FloorDiv",
    "FloorMod", "AddN", "AssignAdd", "AssignSub",
]  # fmt: skip
COMPARISONS = [
    "Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual",
]  # fmt: skip
REDUCTIONS = [
    "Sum", "Mean", "Max", "Min", "Prod",
]  # fmt: skip

CASES = [
    *[case(op, X) for op in UNARY],
    *[case(op, POSITIVE) for op in OF_POSITIVE],
    *[case(op, X, Y) for op in BINARY],
    *[case(op, X, Y[:1]) for op in ("AddV2", "Mul")],
    *[case(op, INTEGERS, INTEGERS.T.reshape(3, 4)) for op in ("AddV2", "Sub", "Mul", "FloorDiv", "Maximum")],
    *[case(op, X, np.where(BOOLS, X, Y)) for op in COMPARISONS],
    *[case(op, BOOLS, Y > 0) for op in ("LogicalAnd", "LogicalOr")],
    *[case(op, X, axis=(1,), keepdims=keep) for op in REDUCTIONS for keep in (False, True)],
    *[case(op, IMAGES, axis=(1, -2), keepdims=False) for op in ("Sum", "Mean", "Max")],
    *[case(op, X, axis=None, keepdims=False) for op in ("Sum", "Mean")],
    *[case(op, BOOLS, axis=(-1,), keepdims=False) for op in ("Any", "All")],
    *[case(op, X, axis=-1, output_type=np.dtype(d)) for op in ("ArgMax", "ArgMin") for d in (np.int32, np.int64)],
    *[case("Cumsum", X, axis=-1, exclusive=e, reverse=r) for e in (False, True) for r in (False, True)],
    case("Pow", POSITIVE, Y),
    *[case(op, np.tanh(X)) for op in ("Asin", "Acos", "Atanh")],
    case("Acosh", POSITIVE + 1),
    case("EuclideanNorm", X, axis=(1,), keepdims=False),
    case("LogicalNot", BOOLS),
    case("BitwiseXor", INTEGERS, INTEGERS[::-1].copy()),
    case("SelectV2", BOOLS, X, Y),
    case("Cast", X, DstT=np.dtype(np.int32)),
    case("Cast", INTEGERS, DstT=np.dtype(np.float32)),
    case("ClipByValue", X, np.float32(-0.5), np.float32(0.5), constant=(1, 2)),
    case("DivNoNan", X, np.where(BOOLS, Y, 0).astype(np.float32)),
    case("LeakyRelu", X, alpha=0.3),
    *[case("Gelu", X, approximate=a) for a in (False, True)],
    *[case(op, X, axis=axis) for op in ("Softmax", "LogSoftmax") for axis in (-1, 0)],
    # Products
    case("MatMul", X, Y.T.copy(), transpose_a=False, transpose_b=False, constant=(1,)),
    case("MatMul", X, Y, transpose_a=False, transpose_b=True, constant=(1,)),
    case("BatchMatMulV2", IMAGES, X[:, :3].copy(), transpose_a=False, transpose_b=False, constant=(1,)),
    case("MatMul", X, Y, transpose_a=False, transpose_b=True),
    case("MatMul", X, Y, transpose_a=True, transpose_b=False),
    case("BiasAdd", IMAGES, X[0, :3], data_format="NHWC", constant=(1,)),
    *[
        case("Einsum", left, right, equation=equation, constant=constant)
        for equation, left, right, constant in [
            ("ab,bc->ac", X, Y.T.copy(), (1,)),
            ("abcd,de->abce", IMAGES, X[:, :3].T.copy()[:, :2], (1,)),
            ("abcd,def->abcef", IMAGES, RNG.normal(size=(3, 2, 5)).astype(np.float32), (1,)),
            ("abcd,cde->abe", IMAGES, RNG.normal(size=(8, 3, 5)).astype(np.float32), (1,)),
            ("aecd,abcd->acbe", IMAGES, IMAGES[:, ::-1].copy(), ()),
            ("acbe,aecd->abcd", RNG.normal(size=(2, 8, 4, 7)).astype(np.float32), IMAGES, ()),
            ("ab,ab->b", X, Y, ()),
        ]
    ],
    case("Einsum", IMAGES, equation="abcd->adbc"),
    case("Einsum", IMAGES, equation="abcd->ca"),
    # Form
    case("Reshape", IMAGES, vector(-1, 24)),
    case("ExpandDims", X, axis=-1),
    case("Squeeze", X[:, None, :, None], squeeze_dims=(1, 3)),
    case("Shape", X, out_type=np.dtype(np.int32)),
    case("Shape", X, out_type=np.dtype(np.int64)),
    case("Size", X, out_type=np.dtype(np.int32)),
    case("Transpose", IMAGES, perm=(0, 3, 1, 2)),
    case("MatrixTranspose", IMAGES),
    case("BroadcastTo", X, vector(2, 3, 4), dynamic=False),
    case("Fill", vector(2, 3), np.float32(1.5)),
    case("Pack", X, Y, axis=-1),
    case("Unpack", X, axis=1, num=4),
    case("ConcatV2", X, Y, axis=-1),
    case("ConcatV2", X, Y, axis=0),
    case("Split", X, axis=-1, num_split=2),
    case("SplitV", X, vector(1, 3), axis=1, num_split=2),
    case("Tile", X, vector(1, 2)),
    *[case(f"Resize{method}", IMAGES, vector(14, 12)) for method in ("Bilinear", "NearestNeighbor")],
    *[case(f"Resize{method}", IMAGES, vector(5, 12)) for method in ("Bicubic", "Area")],
    case("ResizeBicubic", (IMAGES * 50).astype(np.uint8), vector(14, 3)),
    *[
        case("ScaleAndTranslate", IMAGES, vector(5, 12), kernel_type=kernel, antialias=smooth)
        for kernel, smooth in [("bicubic", True), ("bilinear", True), ("lanczos3", False), ("gaussian", True)]
    ],
    case("RFFT", RNG.normal(size=(3, 8)).astype(np.float32), vector(), axis=(-1,)),
    case("RFFT", RNG.normal(size=(2, 3, 4)).astype(np.float32), vector(4), axis=(-1,), dynamic=False),
    case("RFFT2D", RNG.normal(size=(2, 4, 8)).astype(np.float32), vector(), axis=(-2, -1)),
    *[case(op, (X + 1j * Y).astype(np.complex64)) for op in ("ComplexAbs", "Real", "Imag")],
    *[case("Repeat", IMAGES, np.int32(2), axis=axis) for axis in (0, 1, -1)],
    case("Repeat", X, vector(0, 2, 1, 1), axis=1),
    case("PadV2", X, np.int32([[0, 0], [1, 2]]), np.float32(0), constant=(2,)),
    case("PadV2", X, np.int32([[0, 0], [1, 2]]), np.float32(7), constant=(2,)),
    *[case("MirrorPad", X, np.int32([[0, 0], [1, 2]]), mode=mode) for mode in ("REFLECT", "SYMMETRIC")],
    *[case("ReverseV2", X, axis=axis) for axis in ((0,), (-1,), (0, 1))],
    case("SpaceToBatchND", IMAGES, vector(2, 2), np.int32([[0, 1], [0, 0]]), dynamic=False),
    case("BatchToSpaceND", RNG.normal(size=(4, 2, 2, 1)).astype(np.float32), vector(2, 2), np.int32([[0, 0], [0, 1]])),
    case("SpaceToDepth", IMAGES[:, :6], block_size=2, data_format="NHWC"),
    case("DepthToSpace", RNG.normal(size=(2, 3, 3, 8)).astype(np.float32), block_size=2, data_format="NHWC"),
    case("Slice", IMAGES, vector(0, 1, 2, 0), vector(2, 3, 4, 1), dynamic=False),
    case("GatherV2", X, vector(2, 0), axis=-1, batch_dims=0),
    case("GatherV2", X, vector(2, 0), axis=0, batch_dims=0, dynamic=False),
    case("GatherNd", X, np.int32([[0, 1], [2, 3]]), batch_dims=0, dynamic=False),
    case("ScatterNd", np.int32([[1], [3]]), X[:2], vector(5, 4), dynamic=False),
    case("OneHot", vector(1, 0, 3), np.int32(4), np.float32(1), np.float32(0), axis=-1, constant=(2, 3)),
    case("TopKV2", X, np.int32(2), sorted=True, index_type=np.dtype(np.int32)),
    *[case("Sort", x, axis=-1, direction=d) for x in (X, INTEGERS) for d in ("ASCENDING", "DESCENDING")],
    *[
        case(f"UnsortedSegment{kind}", X, vector(0, 2, 0), np.int32(3), dynamic=False)
        for kind in ("Sum", "Max", "Min", "Prod")
    ],
    # Convolutions and their like
    *[
        case(
            "Conv3D", IMAGES[..., None], RNG.normal(size=(2, 3, 3, 1, 4)).astype(np.float32), strides=(1, 1, s, s, 1),
            padding=p, explicit_paddings=(), data_format="NDHWC", dilations=(1, 1, d, 1, 1), constant=(1,),
        )
        for s, p, d in [(1, "SAME", 1), (2, "VALID", 1), (1, "VALID", 2)]
    ],
    *[
        case(
            "Conv2D", IMAGES, RNG.normal(size=(3, 3, 3, 5)).astype(np.float32), strides=(1, s, s, 1), padding=p,
            explicit_paddings=e, data_format="NHWC", dilations=(1, d, d, 1), constant=(1,),
        )
        for s, p, e, d in [
            (1, "SAME", (), 1), (2, "SAME", (), 1), (1, "VALID", (), 2), (1, "EXPLICIT", (0, 0, 1, 2, 0, 1, 0, 0), 1),
        ]
    ],
    *[
        case(
            "DepthwiseConv2dNative", IMAGES, RNG.normal(size=(3, 3, 3, 2)).astype(np.float32), strides=(1, s, s, 1),
            padding=p, explicit_paddings=(), data_format="NHWC", dilations=(1, 1, 1, 1), constant=(1,),
        )
        for s, p in [(1, "SAME"), (2, "VALID")]
    ],
    case(
        "Conv2DBackpropInput", vector(2, 14, 16, 5), RNG.normal(size=(3, 3, 5, 3)).astype(np.float32), IMAGES,
        strides=(1, 2, 2, 1), padding="SAME", explicit_paddings=(), data_format="NHWC", dilations=(1, 1, 1, 1),
        constant=(1,), dynamic=False,
    ),
    *[
        case(
            op, IMAGES, ksize=(1, 2, 3, 1), strides=(1, 2, 2, 1), padding=p, explicit_paddings=(), data_format="NHWC"
        )
        for op in ("MaxPool", "AvgPool")
        for p in ("SAME", "VALID")
    ],
    case(
        "MaxPool", IMAGES, ksize=(1, 2, 2, 1), strides=(1, 2, 2, 1), padding="EXPLICIT",
        explicit_paddings=(0, 0, 1, 0, 0, 1, 0, 0), data_format="NHWC",
    ),
    case(
        "FusedBatchNormV3", IMAGES, *[np.abs(v) + 0.1 for v in RNG.normal(size=(4, 3)).astype(np.float32)],
        constant=(1, 2, 3, 4), epsilon=1e-3, exponential_avg_factor=1.0, data_format="NHWC", is_training=False,
    ),
    case(
        "BatchNormalization", IMAGES, *[np.abs(v) + 0.1 for v in RNG.normal(size=(4, 3)).astype(np.float32)],
        constant=(1, 2, 3, 4), variance_epsilon=1e-3, scaled=True, offset=True,
    ),
    case("L2Normalize", X, axis=(-1,), epsilon=1e-12),
    case("Moments", IMAGES, axis=(1, 2), keepdims=False),
    case("LRN", IMAGES, depth_radius=1, bias=1.0, alpha=0.5, beta=0.5),
]  # fmt: skip


def concrete(made, dynamic):
    """The case as a traced function, and the arrays to call it with."""
    op = get_op(made.op)
    fixed = set(made.constant) | set(op.static)
    given = [x for i, x in enumerate(made.inputs) if i not in fixed]

    def function(*tensors):
        rest = iter(tensors)
        values = [tf.convert_to_tensor(x) if i in fixed else next(rest) for i, x in enumerate(made.inputs)]
        return op(*values, **made.attrs)

    specs = [tf.TensorSpec([None if dynamic else x.shape[0], *x.shape[1:]] if x.ndim else [], x.dtype) for x in given]
    return tf.function(function, autograph=False).get_concrete_function(*specs), given


def describe(made):
    return f"{made.op}-{'-'.join(str(v) for v in made.attrs.values())}"


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("made", CASES, ids=describe)
def test_op_gives_our_values_in_litert(made, dynamic):
    if made.op not in all_ops() or (dynamic and not made.dynamic):
        pytest.skip("not declared" if made.op not in all_ops() else "has no meaning with an unknown first dimension")
    function, arrays = concrete(made, dynamic)
    results = function(*[tf.convert_to_tensor(x) for x in arrays])
    expected = results if isinstance(results, tuple | list) else [results]
    verify(convert_concrete_function(function), arrays, expected)


@pytest.mark.parametrize(
    "key",
    [0, -1, (slice(None), 1), (slice(None), -1), (..., slice(1, 3), slice(None)), (slice(0, 9), None, slice(0, 8, 2))],
    ids=str,
)  # fmt: skip
def test_slices(key):
    function = tf.function(lambda x: x[key], autograph=False).get_concrete_function(tf.TensorSpec([None, 7, 8, 3]))
    verify(convert_concrete_function(function), [IMAGES], [IMAGES[key]])


@pytest.mark.parametrize(
    "take",
    [
        lambda x, i: x[i],
        lambda x, i: x[:, i, 1],
        lambda x, i: x[0, i:],
        lambda x, i: x[..., i:3],
        lambda x, i: x[:, :i, None],
    ],
)
def test_slices_at_positions_known_at_run_time(take):
    specs = tf.TensorSpec(IMAGES.shape), tf.TensorSpec([], tf.int32)
    model = convert_concrete_function(tf.function(take, autograph=False).get_concrete_function(*specs))
    for position in (1, -1):
        verify(model, [IMAGES, np.int32(position)], [take(IMAGES, position)])


ELSEWHERE = {"If", "While", "Range", "StridedSlice", "StridedSliceDynamic"}  # test_slices, test_lite


def test_every_declared_op_of_the_table_is_tested():
    covered = {made.op for made in CASES} | ELSEWHERE
    assert not sorted((set(RULES) & set(all_ops())) - covered)
