"""Static files that come inside Python packages."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

PREFIX, FILE = "vendor", "plotly.min.js"


class _PackageData(FileSystemStorage):
    prefix = PREFIX  # collectstatic puts the file under it


class PlotlyFinder(BaseFinder):
    """Serves `vendor/plotly.min.js` from the plotly package, so that no copy lies in this tree."""

    def __init__(self, app_names: object = None, *args: object, **kwargs: object) -> None:
        # Asked of the import system, not imported: the web server draws nothing itself.
        spec = find_spec("plotly")
        if spec is None or spec.origin is None:
            raise ImportError("plotly is not installed; run `python3 manage.py up` once")
        self.storage = _PackageData(location=Path(spec.origin).parent / "package_data")

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file's place for its one name, else nothing; a list when `find_all`."""
        found = [self.storage.path(FILE)] if path == f"{PREFIX}/{FILE}" else []
        return found if find_all else next(iter(found), None)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        return [(FILE, self.storage)]
