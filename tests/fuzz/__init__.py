"""A differential fuzzer: random programs whose ways to be run must agree with each other, and with TensorFlow.

`expressions` is the vocabulary, `generate` writes programs of it, `execute` runs one in a mode, `run` is the command:

    python -m tests.fuzz.run --count 1000                        # the modes agree with each other
    python -m tests.fuzz.run --count 1000 --tensorflow PYTHON    # and with the TensorFlow that PYTHON has
"""
