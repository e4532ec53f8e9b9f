"""
Password hashes of today's strength.

    PASSWORD_HASHERS = ["compat.hashers.PBKDF2PasswordHasher", ...]     # instead of Django's own

The algorithm keeps its name, so hashes that Django 1.11 made are still good, and each is made anew
when its owner logs in. PASSWORD_PBKDF2_ITERATIONS (600000) is what OWASP's Password Storage Cheat
Sheet asks of PBKDF2 with SHA-256; Django 1.11 has 36000. A login then takes some 0.2 s of a core.
"""

from django.contrib.auth import hashers

from ._kinds import Number
from ._settings import Setting

ITERATIONS = Setting(
    "PASSWORD_PBKDF2_ITERATIONS",
    Number("iterations", least=1, most=2**31 - 1),
    600000,
    "Iterations of a new password's hash, if the bridge's hasher is the first in "
    "PASSWORD_HASHERS. Hashes with fewer are renewed when their owners log in.",
    "Passwords, cookies and pages",
)


class PBKDF2PasswordHasher(hashers.PBKDF2PasswordHasher):
    """Django's, with as many iterations as the site says."""

    @property
    def iterations(self) -> int:
        return ITERATIONS()

    def must_update(self, encoded: str) -> bool:
        # Not a hash that is stronger than ours: Django 1.11 would weaken it.
        return int(encoded.split("$")[1]) < self.iterations
