"""A person's data: read from any common container and shape into samples."""

from tui_eval.files.datasets.reader import Preview, preview, read

__all__ = ["Preview", "preview", "read"]
