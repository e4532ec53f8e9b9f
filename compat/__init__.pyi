# For type checkers: __init__.py itself must be readable by Python 2, and imports next to nothing.
from typing import TypedDict

__all__ = ["install", "report"]
__version__: str

class PatchReport(TypedDict):
    name: str
    library: str
    versions: str
    installed: str
    state: str
    reason: str
    symptom: str
    cves: list[str]
    link: str

late: bool | None
default_app_config: str

def install() -> None: ...
def require_python() -> None: ...
def report() -> list[PatchReport]: ...
