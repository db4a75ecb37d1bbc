"""Files as a ZIP archive. Pure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

# ZIP knows no earlier day; a fixed one gives the same bytes for the same files.
_DAY = (1980, 1, 1, 0, 0, 0)


def zipped(files: Mapping[str, str], folder: str) -> bytes:
    """The files in one folder, as UTF-8 text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", _DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode("utf-8"))
    return buffer.getvalue()
