"""System checks of the streams' settings."""

from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured


def check_keep(app_configs, **kwargs):
    """streams.E001 a STREAMS_KEEP that cannot be understood."""
    from .retention import policy

    try:
        policy()
    except ImproperlyConfigured as error:
        hint = 'Such as {"deploy:*": {"max_age": timedelta(days=90), "max_bytes": 2 ** 28}}.'
        return [Error(str(error), hint=hint, id="streams.E001")]
    return []
