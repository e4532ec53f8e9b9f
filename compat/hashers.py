"""
Password hashes of today's strength.

    PASSWORD_HASHERS = ["compat.hashers.PBKDF2PasswordHasher", ...]     # instead of Django's own

The algorithm keeps its name, so hashes that Django 1.11 made are still good, and each is made anew
when its owner logs in. PASSWORD_PBKDF2_ITERATIONS (600000) is what OWASP's Password Storage Cheat
Sheet asks of PBKDF2 with SHA-256; Django 1.11 has 36000. A login then takes some 0.2 s of a core.
"""

from django.conf import settings
from django.contrib.auth import hashers
from django.core.exceptions import ImproperlyConfigured

ITERATIONS = 600000


class PBKDF2PasswordHasher(hashers.PBKDF2PasswordHasher):
    """Django's, with as many iterations as the site says."""

    @property
    def iterations(self):
        value = getattr(settings, "PASSWORD_PBKDF2_ITERATIONS", ITERATIONS)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ImproperlyConfigured(
                "PASSWORD_PBKDF2_ITERATIONS=%r: expected a number such as %d" % (value, ITERATIONS)
            )
        return value

    def must_update(self, encoded):
        # Not a hash that is stronger than ours: Django 1.11 would weaken it.
        return int(encoded.split("$")[1]) < self.iterations
