"""WSGI entry point: uWSGI serves every HTTP page through it."""

import os

import compat

compat.install()  # before Django is imported
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devops.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
