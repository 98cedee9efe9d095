"""Reading data: record files, and the messages in them as columns."""
