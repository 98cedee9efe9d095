"""A Graph as files and messages that other programs read."""
