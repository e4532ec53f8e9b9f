"""Environment values that are secret: sealed in the database, and edited without being shown.

The keys are DEPLOY_KEYS: the first seals, each opens. The form of a service shows NAME for each
secret it has; NAME=value sets one, and a line that is taken away removes it.
"""

import base64
import hashlib
import json

from django.core.exceptions import ImproperlyConfigured, ValidationError

from deploy.fields import ENVIRONMENT_NAME, parse_environment
from deploy.masking import LEAST, plain
from deploy.settings import KEYS


class CannotOpen(Exception):
    """None of the keys opens it, or it is damaged."""


def box():
    """Return what seals with the first key and opens with each."""
    keys = KEYS()
    if not keys:
        raise ImproperlyConfigured(
            "DEPLOY_KEYS: secrets need a list of keys, such as compat.layer_keys.read() returns"
        )
    from cryptography.fernet import MultiFernet

    return MultiFernet([_fernet(key) for key in keys])


def _fernet(key):
    from cryptography.fernet import Fernet  # not at every start of a process

    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode("utf-8")).digest()))


def seal(values):
    """Return {name: value} as text that tells nothing without the keys; "" for no values."""
    if not values:
        return ""
    return box().encrypt(json.dumps(values, sort_keys=True).encode("utf-8")).decode("ascii")


def unseal(sealed):
    """Undo seal(); raises CannotOpen."""
    if not sealed:
        return {}
    from cryptography.fernet import InvalidToken

    try:
        return json.loads(box().decrypt(sealed.encode("utf-8")).decode("utf-8"))
    except InvalidToken:
        raise CannotOpen("its secrets were sealed with a key that DEPLOY_KEYS does not have")


def is_sealed_with_first(sealed):
    """Tell whether the key in front of the others is the one that opens a text."""
    from cryptography.fernet import InvalidToken

    try:
        _fernet(KEYS()[0]).decrypt(sealed.encode("utf-8"))
    except InvalidToken:
        return False
    return True


def names_text(values):
    """Return what a form shows of secrets: a name a line."""
    return "\n".join(sorted(values))


def without_values(text):
    """Return what a form that was sent shows again: what was given has to be given again."""
    return "\n".join(
        line.partition("=")[0] + "=" if "=" in line else line for line in text.splitlines()
    )


def edited(text, before):
    """Return {name: value} as a form's text says, given those before; raises ValidationError."""
    after, new = {}, []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        name = line.strip()
        if not name or name.startswith("#"):
            new.append("")
        elif "=" in line:
            new.append(line)
        elif name in before:
            after[name] = before[name]
            new.append("")
        elif ENVIRONMENT_NAME.match(name):
            raise ValidationError(f"Line {number}: {name} has no value yet; write {name}=value.")
        else:
            raise ValidationError(f"Line {number} is not of the form NAME or NAME=value.")
    for name, value in parse_environment("\n".join(new)).items():
        if len(plain(value.encode("utf-8"))) < LEAST:
            raise ValidationError(
                f"{name}: a secret needs {LEAST} characters other than blanks, or it could not "
                "be recognised in a log."
            )
        after[name] = value
    return after
