"""Until 0.2, for sites that have written it: the codes are in close_codes.py now."""

from ..close_codes import FORBIDDEN as CLOSE_FORBIDDEN
from ..close_codes import SIGNED_OUT as CLOSE_SIGNED_OUT
from ..close_codes import TOO_MANY as CLOSE_TOO_MANY

__all__ = ["CLOSE_FORBIDDEN", "CLOSE_SIGNED_OUT", "CLOSE_TOO_MANY"]
