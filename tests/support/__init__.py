"""What tests share: servers, sites and clients; no test looks for a binary elsewhere."""

import os

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
