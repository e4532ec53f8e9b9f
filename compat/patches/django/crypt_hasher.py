"""
Check passwords stored as UNIX crypt(3), for which Python has no module any more.
https://docs.python.org/3/whatsnew/3.13.html#removed
"""

import importlib

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<5.0",
    python=">=3.13",
    symptom="login fails for old users: Couldn't load 'CryptPasswordHasher' algorithm library",
)


@patch.when_imported("django.contrib.auth.hashers")
def repair(hashers):
    hasher = hashers.CryptPasswordHasher
    patch.expect(hasher.library == "crypt", "CryptPasswordHasher uses %r" % (hasher.library,))

    def _load_library(self):
        for name in (self.library, "crypt_r"):  # both may be installed from PyPI
            try:
                return importlib.import_module(name)
            except ImportError:
                pass
        try:
            return SystemLibrary()
        except OSError as error:
            raise ValueError("Couldn't load the system's libcrypt, install crypt-r: %s" % error)

    patch.add(hasher, "_load_library", _load_library)


class SystemLibrary(object):
    """The one function of the module that the hasher calls, from the system's own library."""

    def __init__(self):
        import ctypes

        for name in ("libcrypt.so.1", "libcrypt.so.2", "libcrypt.so", "libcrypt.dylib"):
            try:
                library = ctypes.CDLL(name)
                break
            except OSError as error:
                problem = error
        else:
            raise problem
        self._crypt = library.crypt_r
        self._crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p]
        self._crypt.restype = ctypes.c_char_p
        # struct crypt_data: 32 KiB in libxcrypt, 128 KiB and a little in glibc.
        self._room = lambda: ctypes.create_string_buffer(1 << 18)

    def crypt(self, word, salt):
        """The hash as text, None when the salt is none that the library knows."""
        found = self._crypt(word.encode(), salt.encode(), self._room())
        # libxcrypt tells failure by a text that is no hash.
        return None if found is None or found[:1] == b"*" else found.decode("ascii")
