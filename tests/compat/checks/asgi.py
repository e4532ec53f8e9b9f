"""As it is written for Django 3: it asks for itself, in a circle."""

from channels.routing import get_default_application

application = get_default_application()
