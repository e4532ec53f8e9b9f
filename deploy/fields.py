"""Model fields for a command and an environment, and the text forms people edit them in."""

import json
import re

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def parse_arguments(text):
    """Return the argument list written as one argument per line, or as a JSON array.

    Raises ValidationError for a text that starts like a JSON array and is none.
    """
    if text.lstrip().startswith("["):
        try:
            arguments = json.loads(text)
        except ValueError as error:
            raise ValidationError(f"This starts like a JSON array but is none: {error}")
    else:
        arguments = [line.rstrip("\r") for line in text.split("\n")]
        # A blank line is how people separate things, not an empty argument.
        arguments = [line for line in arguments if line.strip()]
    return arguments


def render_arguments(arguments):
    """Return the text to edit: one argument per line, or JSON where a line cannot say it."""
    plain = all(
        isinstance(argument, str) and argument.strip() and not re.search(r"[\r\n]", argument)
        for argument in arguments
    )
    if plain and not (arguments and arguments[0].lstrip().startswith("[")):
        return "\n".join(arguments)
    return json.dumps(arguments, ensure_ascii=False, indent=1)


def validate_arguments(value):
    """Raise ValidationError unless value is a non-empty list of non-empty strings without NUL."""
    if not isinstance(value, list):
        raise ValidationError("A command is a list of arguments.")
    if not value:
        raise ValidationError("A command needs at least the program to run.")
    for number, argument in enumerate(value, 1):
        if not isinstance(argument, str):
            raise ValidationError(f"Argument {number} is not a string.")
        if not argument:
            raise ValidationError(f"Argument {number} is empty.")
        if not _passable(argument):
            raise ValidationError(f"Argument {number} has a character no program can be given.")


def parse_environment(text):
    """Return {name: value} from KEY=VALUE lines; blank lines and those with a # are skipped.

    Raises ValidationError naming the line that is wrong.
    """
    environment = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = name.strip()
        if not equals or not ENVIRONMENT_NAME.match(name):
            raise ValidationError(f"Line {number} is not of the form NAME=value.")
        if not _passable(value):
            raise ValidationError(f"Line {number} has a character no program can be given.")
        environment[name] = value
    return environment


def _passable(text):
    if "\0" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class ArgumentsFormField(forms.CharField):
    """A text area with one argument per line, or a JSON array."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 80, "spellcheck": "false"})

    def __init__(self, *args, **kwargs):
        # Leading spaces of an argument are the argument's.
        kwargs.setdefault("strip", False)
        super().__init__(*args, **kwargs)

    def prepare_value(self, value):
        return render_arguments(value) if isinstance(value, list) else value

    def to_python(self, value):
        if isinstance(value, list):
            return value
        return parse_arguments(super().to_python(value) or "")

    def has_changed(self, initial, data):
        try:
            return self.to_python(data) != (initial or [])
        except ValidationError:
            return True


class ArgumentsField(models.TextField):
    """A list of strings, stored as JSON text."""

    default_validators = [validate_arguments]

    def from_db_value(self, value, expression, connection, context):
        return value if value is None else json.loads(value)

    def to_python(self, value):
        return parse_arguments(value) if isinstance(value, str) else value

    def get_prep_value(self, value):
        return value if value is None else json.dumps(value, ensure_ascii=False)

    def value_to_string(self, obj):
        return self.get_prep_value(self.value_from_object(obj))

    def formfield(self, **kwargs):
        defaults = {"form_class": ArgumentsFormField}
        defaults.update(kwargs)
        # The admin puts its own text area in; ours has the size and the spelling checker right.
        defaults.pop("widget", None)
        return super(models.TextField, self).formfield(**defaults)
