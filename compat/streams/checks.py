"""System checks of the streams' settings."""

from typing import Any, List

from .._check_ids import say
from ._settings import KEEP


def check_keep(app_configs: Any, **kwargs: Any) -> List[Any]:
    """streams.E001 a STREAMS_KEEP that cannot be understood."""
    problem = KEEP.problem()
    return [say("streams.E001", problem + ".")] if problem else []
