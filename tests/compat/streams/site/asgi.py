"""What daphne serves."""

import compat

compat.install()

import django  # noqa: E402

django.setup()

from channels.routing import get_default_application  # noqa: E402

application = get_default_application()
