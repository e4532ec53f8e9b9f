"""The command line: python -m deploy_conf render|up|down|status."""

import sys

if sys.version_info < (3, 6):
    sys.exit("deploy_conf needs Python 3.6 or newer, this is %d.%d" % sys.version_info[:2])

from . import commands

sys.exit(commands.main())
