"""A probe with a password hasher that counts its runs."""

from tests.support.probe import DJANGO

CODE = (
    DJANGO
    + """
from django.contrib.auth import hashers
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User

class Counting(hashers.PBKDF2PasswordHasher):
    def encode(self, *arguments, **options):
        runs.append(1)
        return super(Counting, self).encode(*arguments, **options)

runs = []
hashers.get_hashers.cache_clear()
settings.PASSWORD_HASHERS = ["__main__.Counting"]

def work(encoded, password="x"):
    user = User(username="u", password=encoded)
    runs.clear()
    return user.check_password(password), len(runs)
"""
)
