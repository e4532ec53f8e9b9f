#!/usr/bin/env python
"""Django's command line for the reference site."""

import os
import sys

import compat

if __name__ == "__main__":
    try:
        compat.install()  # before Django is imported
    except ImportError as error:  # this Python is too old
        sys.exit("manage.py: %s" % error)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devops.settings")

    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        disabled = os.environ.get("COMPAT_DISABLE")
        if not disabled:
            raise
        sys.exit("manage.py: %s; without COMPAT_DISABLE=%s it may work" % (error, disabled))

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit("manage.py: %s" % error)
    except KeyboardInterrupt:
        sys.exit(130)
