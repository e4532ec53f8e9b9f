"""The command line: python -m deploy_conf render|up|down|status."""

import sys

from . import commands

sys.exit(commands.main())
