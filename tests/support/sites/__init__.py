"""Sites for tests, as their users start them."""
