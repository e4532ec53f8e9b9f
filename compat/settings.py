"""
For apps that have settings of their own: records as the bridge's.

    from compat.settings import Number, Setting

    MAX_FRAME = Setting("SHOP_MAX_FRAME", Number("bytes"), 65536, "What it is for.", "The shop")

`MAX_FRAME()` is the value that holds now, or the default where it is wrong, which the log then
says. `manage.py check` names wrong values (compat.E001), and
`manage.py compat --markdown settings` lists all settings. Import the module with the records in
your AppConfig's ready().
"""

from ._kinds import Dict, Each, Flag, Kind, Networks, Number, OneOf, Text
from ._settings import Setting, Variable, register

__all__ = [
    "Dict",
    "Each",
    "Flag",
    "Kind",
    "Networks",
    "Number",
    "OneOf",
    "Setting",
    "Text",
    "Variable",
    "register",
]
