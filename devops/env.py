"""
Settings from the environment (12-factor), with the site's own file as the fallback.

`deploy_conf up` writes the file, so that a command typed in a shell talks to the same
Redis as the processes that supervisor runs.
"""

import os
import shlex
import tempfile
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from compat import layer_keys
from deploy_conf import sentinel

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


SQLITE = "django.db.backends.sqlite3"


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
            found = dj_database_url.parse(self.text(name) or default)
        except (KeyError, ValueError):
            raise ImproperlyConfigured(
                "%s: expected postgres://user:password@host:5432/name, mysql://… or sqlite:///path"
                % name
            )
        if found["ENGINE"] == SQLITE:
            why_not = unusable_file(found["NAME"])
            if why_not:
                raise ImproperlyConfigured("%s: %s" % (name, why_not))
        return found

    def keys(self, name, path):
        """Keys that encrypt, as a list: the value's, split at commas, or those kept in `path`."""
        try:
            return layer_keys.checked(self.words(name), name) or layer_keys.read(path)
        except layer_keys.BadKeys as error:
            raise ImproperlyConfigured(str(error))

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
                "%s: the port is not a number; in a password write %% as %%25, / as %%2F, "
                "@ as %%40, ? as %%3F and # as %%23" % name
            )
        return address


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


def unusable_file(path):
    """Why SQLite could not keep a site's database there, in a few words; "" when it could."""
    if not path or ":memory:" in path:
        return "a database in memory is another one for each process: expected sqlite:////path"
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        return "%s is a folder" % path
    if not os.path.isdir(folder):
        return "there is no folder %s" % folder
    if not os.access(folder, os.W_OK | os.X_OK):
        return "%s cannot be written to by this account" % folder
    return ""


def prepare(folder):
    """Make the folder that the site writes to, which keeps itself out of a repository."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured("DEVOPS_VAR=%s cannot be made: %s" % (folder, error.strerror))
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
        if len(key) < 32:
            raise ImproperlyConfigured("%s holds no usable key: delete it" % path)
        return key
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not ASCII"
        raise ImproperlyConfigured("%s cannot be read: %s" % (path, reason))
    from django.utils.crypto import get_random_string

    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder)  # mode 0600
    except OSError as error:
        raise ImproperlyConfigured("%s cannot be written: %s" % (path, error.strerror))
    try:
        with os.fdopen(handle, "w") as kept:
            kept.write(get_random_string(64))
        os.link(temporary, path)  # unlike rename, fails when another process was first
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
    return secret_key(path)
