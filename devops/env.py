"""
Settings from the environment (12-factor), with the site's own file as the fallback.

`deploy_conf up` writes the file, so that a command typed in a shell talks to the same
Redis as the processes that supervisor runs.
"""

import os
import tempfile
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from deploy_conf import sentinel

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


class Env(object):
    """Values by name: `os.environ` first, then `path` (KEY=VALUE lines), then the default."""

    def __init__(self, path, environ=None):
        self.environ = os.environ if environ is None else environ
        self.file = read_env_file(path)

    def text(self, name, default=""):
        """The value as a string."""
        value = self.environ.get(name)
        return self.file.get(name, default) if value is None else value

    def flag(self, name, default=False):
        """The value as a bool; raises ImproperlyConfigured for anything but 1/0, true/false…"""
        value = self.text(name, "1" if default else "0").strip().lower()
        if value not in TRUE | FALSE:
            raise ImproperlyConfigured("%s=%r: expected 1 or 0" % (name, value))
        return value in TRUE

    def words(self, name, default=""):
        """The value as a list, split at commas."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def database(self, name, default):
        """A database's address as Django's settings for it; passwords stay out of the error."""
        try:
            return dj_database_url.parse(self.text(name) or default)
        except (KeyError, ValueError):
            raise ImproperlyConfigured(
                "%s: expected postgres://user:password@host:5432/name, mysql://… or sqlite:///path"
                % name
            )

    def redis(self, name, default):
        """A Redis address as the channel layer takes it."""
        address = self.text(name) or default
        if address.startswith(sentinel.SCHEME):
            try:
                return sentinel.host(address)
            except ValueError as error:
                raise ImproperlyConfigured("%s: %s" % (name, error))
        if not address.startswith(("redis://", "rediss://", "unix://")):
            raise ImproperlyConfigured(
                "%s: expected redis://:password@host:6379/0, unix:///path?password=… or "
                "sentinel://:password@host:26379,host:26379/mymaster" % name
            )
        try:
            urlsplit(address).port  # noqa: B018
        except ValueError:
            raise ImproperlyConfigured(
                "%s: the port is no number; in a password write %% as %%25, / as %%2F, @ as %%40, "
                "? as %%3F and # as %%23" % name
            )
        return address


def read_env_file(path):
    """KEY=VALUE lines of a file as a dict; a missing file is empty, `#` starts a comment line."""
    try:
        with open(path, encoding="utf-8") as lines:
            pairs = [line.strip().partition("=") for line in lines if not line.startswith("#")]
    except FileNotFoundError:
        return {}
    except OSError as error:  # say which file, not only which error
        raise ImproperlyConfigured("%s cannot be read: %s" % (path, error.strerror))
    return {key.strip(): value.strip() for key, _, value in pairs if key}


def secret_key(path):
    """The key kept in `path` (mode 0600), made on first use; safe when processes race for it."""
    try:
        with open(path, encoding="ascii") as kept:
            key = kept.read().strip()
        if len(key) < 32:
            raise ImproperlyConfigured("%s holds no usable key: delete it" % path)
        return key
    except FileNotFoundError:
        pass
    from django.utils.crypto import get_random_string

    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder)  # mode 0600
    try:
        with os.fdopen(handle, "w") as kept:
            kept.write(get_random_string(64))
        os.link(temporary, path)  # unlike rename, fails when another process was first
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
    return secret_key(path)
