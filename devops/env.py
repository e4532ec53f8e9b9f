"""
Settings from the environment (12-factor), with the site's own file as the fallback.

`deploy_conf up` writes the file, so that a command typed in a shell talks to the same
Redis as the processes that supervisor runs.
"""

import os
import shlex

from django.core.exceptions import ImproperlyConfigured

from compat import layer_keys


class Env(object):
    """
    Values of variables: `os.environ` first, then `path` (KEY=VALUE lines), then the default.

    Call it with a record of variables.py; raises ImproperlyConfigured for a wrong value.
    """

    def __init__(self, path=None, environ=None):
        self.environ = os.environ if environ is None else environ
        self.file = read_env_file(path) if path else {}

    def __call__(self, variable, default=""):
        """The value; that of the text `default`, or the variable's own default, when none is."""
        text = self.environ.get(variable.name)
        if text is None:
            text = self.file.get(variable.name, "")
        text = text if text.strip() else default
        if not text:
            return variable.default
        try:
            return variable.kind.read(text)
        except ValueError as error:
            raise ImproperlyConfigured(variable.complaint(text, error))

    def keys(self, variable, path):
        """Keys that encrypt, as a list: the variable's, or those kept in `path`."""
        try:
            return self(variable) or layer_keys.read(path)
        except layer_keys.BadKeys as error:
            raise ImproperlyConfigured(str(error))


def read_env_file(path):
    """
    KEY=VALUE lines of a file as a dict; a missing file is empty, `#` starts a comment line.

    A value may be quoted as for a shell, so that the file can be sourced, too.
    """
    try:
        with open(path, encoding="utf-8") as lines:
            pairs = [line.strip().partition("=") for line in lines if not line.startswith("#")]
    except FileNotFoundError:
        return {}
    except OSError as error:  # say which file, not only which error
        raise ImproperlyConfigured("%s cannot be read: %s" % (path, error.strerror))
    except UnicodeDecodeError:
        raise ImproperlyConfigured("%s cannot be read: it is not UTF-8" % path)
    return {key.strip(): unquoted(value.strip()) for key, _, value in pairs if key}


def unquoted(text):
    """What a shell makes of a value that begins with a quote; any other stays as it is."""
    if text[:1] in ("'", '"'):
        try:
            words = shlex.split(text)
        except ValueError:  # a password may begin with one
            words = []
        if len(words) == 1:
            return words[0]
    return text


def prepare(folder):
    """Make the folder that the site writes to, which keeps itself out of a repository."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured("%s cannot be made: %s" % (folder, error.strerror))
    try:
        with open(os.path.join(folder, ".gitignore"), "x") as file:
            file.write("*\n")
    except OSError:
        pass  # it is there, or nothing can be written, of which others have more to say


def secret_key(path):
    """The key kept in `path` (mode 0600), made on first use; safe when processes race for it."""
    try:
        with open(path, encoding="ascii") as kept:
            key = kept.read().strip()
    except FileNotFoundError:
        return new_secret_key(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not ASCII"
        raise ImproperlyConfigured("%s cannot be read: %s" % (path, reason))
    if len(key) < 32:
        raise ImproperlyConfigured("%s holds no usable key: delete it" % path)
    return key


def new_secret_key(path):
    """Make a key, unless another process is faster; returns the one that is kept."""
    from django.utils.crypto import get_random_string

    try:
        layer_keys.write_aside(path, get_random_string(64), exclusive=True)
    except OSError as error:
        raise ImproperlyConfigured("%s cannot be written: %s" % (path, error.strerror))
    return secret_key(path)
