"""
Make a NUL in a text field of a form a validation error, as Django 2.0 does.

Anybody can send one to the login page, and PostgreSQL's driver refuses it with a ValueError.
https://code.djangoproject.com/ticket/28201
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="with PostgreSQL a login with a NUL in the user's name gets 500",
)


# Not inside of repair(): a field, and with it a form, can be pickled.
def prohibit_null_characters(value):
    """A validator of each text field."""
    if "\0" in str(value):
        from django.core.exceptions import ValidationError

        message = "Null characters are not allowed."
        raise ValidationError(message, code="null_characters_not_allowed")


@patch.when_imported("django.forms.fields")
def repair(fields):
    field = fields.CharField
    stock = vars(field).get("__init__")
    patch.expect(stock is not None, "text fields begin differently")

    @functools.wraps(stock)
    def __init__(self, *args, **kwargs):
        stock(self, *args, **kwargs)
        self.validators.append(prohibit_null_characters)

    patch.replace(field, "__init__", __init__)
