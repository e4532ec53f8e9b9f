"""The Django app of the streams."""

from django.apps import AppConfig
from django.core import checks


class StreamsConfig(AppConfig):
    """Registers the models under the label "streams" whatever the package is called."""

    # Not a literal: the folder may be installed under another import name.
    name = __name__.rpartition(".")[0]
    label = "streams"
    verbose_name = "Streams"

    def ready(self):
        from .checks import check_keep

        checks.register(check_keep)
