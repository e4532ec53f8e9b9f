"""System checks of the streams' settings."""

from .._check_ids import say
from ._settings import KEEP


def check_keep(app_configs, **kwargs):
    """streams.E001 a STREAMS_KEEP that cannot be understood."""
    problem = KEEP.problem()
    return [say("streams.E001", problem + ".")] if problem else []
