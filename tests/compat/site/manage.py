"""Django's command line, as a site of the era has it, with the bridge's two lines."""

import os
import sys

import compat

compat.install()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
