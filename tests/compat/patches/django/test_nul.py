"""NULs that a client sends, and PostgreSQL."""

import json

import pytest

from tests.support.probe import probe, prove, source


@source
def settings():
    import json
    import os

    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="probe",
        DATABASES={"default": json.loads(os.environ["DATABASE"])},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
        ],
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


@source(settings)
def session():
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore("\0" + "a" * 31)
    print(store.get("anything", "nothing"), store.session_key)
    kept = SessionStore()
    kept["a"] = 1
    kept.save()
    print(SessionStore(kept.session_key)["a"])


@source(settings)
def login():
    from django.contrib.auth.forms import AuthenticationForm

    form = AuthenticationForm(data={"username": "a\0b", "password": "x"})
    print(form.is_valid(), sorted(form.errors), form.errors.as_data()["username"][0].code)


@pytest.fixture(scope="module")
def database(postgresql):
    return {"DATABASE": json.dumps(postgresql.new_database())}


def test_a_session_key_with_one_does_not_exist(database):
    good = "nothing None\n1"
    prove("django.session_key_nul", session, good=good, bad="cannot contain NUL", env=database)


def test_a_name_with_one_is_no_name(database):
    good = "False ['username'] null_characters_not_allowed"
    prove("django.null_characters", login, good=good, bad="cannot contain NUL", env=database)


@source
def fields():
    from django.conf import settings

    settings.configure(SECRET_KEY="probe")
    from django import forms

    class Form(forms.Form):
        a = forms.CharField(max_length=5, validators=[])
        b = forms.SlugField(required=False)
        c = forms.IntegerField(required=False)

    for data in ({"a": "x"}, {"a": "xxxxxx"}, {"a": "x", "b": "!", "c": "1"}, {}):
        form = Form(data)
        print(form.is_valid(), form.errors.as_json(), len(form.fields["a"].validators) > 0)


def test_other_fields_are_what_they_were():
    patched, stock = probe(fields), probe(fields, disable="django.null_characters")
    assert patched.said == stock.said and patched.said, patched.error


@source
def pickled():
    import copy
    import pickle

    from django import forms
    from django.conf import settings

    settings.configure(USE_I18N=False)
    kinds = [kind for kind in vars(forms).values() if isinstance(kind, type)]
    texts = [kind for kind in kinds if issubclass(kind, forms.CharField)]
    for kind in texts:
        field = kind(regex="a") if kind is forms.RegexField else kind()
        for again in (pickle.loads(pickle.dumps(field)), copy.deepcopy(field)):
            try:
                again.run_validators("a\0b")
            except forms.ValidationError as error:
                assert "null_characters_not_allowed" in [one.code for one in error.error_list]
            else:
                print(kind)
    print(len(texts) > 4)


def test_fields_with_the_validator_can_be_pickled():
    result = probe(pickled)
    assert result.said == "True", result.error
