"""Variables of the environment that no patch reads; nothing imports this at the start."""

from .._kinds import Text
from .._settings import Variable

DISABLE = Variable(
    "COMPAT_DISABLE",
    Text("names of patches, or patterns, separated by commas"),
    None,
    "Repairs to leave out. Meant for finding out what a repair does; the list then says `open` for "
    "the advisories it answers.",
    "Environment of every process",
    check_id="compat.W003",
)
