"""ASGI entry point: daphne serves /ws/ through it (and could serve every page)."""

import os

import compat

compat.install()  # before Django is imported
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devops.settings")

import django  # noqa: E402

django.setup()  # routing imports models, so the apps must be ready first

from channels.routing import get_default_application  # noqa: E402

application = get_default_application()
