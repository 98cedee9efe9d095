"""What pytest must not import here."""

# Run by hand with TensorFlow installed; the tests never import it.
collect_ignore = ["make_goldens.py", "make_variants.py"]
