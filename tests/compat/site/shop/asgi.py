import os

import compat

compat.install()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

import django
from channels.routing import get_default_application

django.setup()
application = get_default_application()
