"""What daphne serves."""

import django

django.setup()

from channels.routing import get_default_application  # noqa: E402

application = get_default_application()
