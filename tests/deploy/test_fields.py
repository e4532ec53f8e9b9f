import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from deploy.fields import parse_arguments, parse_environment, render_arguments
from deploy.models import Service
from tests.support.records import make_service


@pytest.mark.parametrize(
    "text, arguments",
    [
        ("git\npull", ["git", "pull"]),
        ("git\r\npull\r\n", ["git", "pull"]),
        ("git\n\n\npull\n", ["git", "pull"]),
        ("echo\n two spaces ", ["echo", " two spaces "]),
        ('["sh", "-c", "echo 1\\necho 2"]', ["sh", "-c", "echo 1\necho 2"]),
        ("", []),
    ],
)
def test_arguments_are_read_from_lines_or_json(text, arguments):
    assert parse_arguments(text) == arguments


@pytest.mark.parametrize(
    "arguments", [["git", "pull"], ["sh", "-c", "a\nb"], ["[x", "y"], ["echo", " "], ["écho", "—"]]
)
def test_what_is_shown_for_editing_means_the_same(arguments):
    assert parse_arguments(render_arguments(arguments)) == arguments


@pytest.mark.parametrize(
    "command, complaint",
    [
        ([], "cannot be blank"),
        ("git pull", None),
        ({"git": "pull"}, "list of arguments"),
        (["git", ""], "Argument 2 is empty"),
        (["git", 3], "Argument 2 is not a string"),
        (["git", "a\0b"], "Argument 2 has a character"),
        (["git", "\ud800"], "Argument 2 has a character"),
        ('["git"', "none: "),
    ],
)
def test_a_command_is_a_list_of_passable_strings(command, complaint):
    service = Service(uid="web", name="Web", command=command)
    if complaint is None:
        service.clean_fields()
        assert service.command == ["git pull"]
    else:
        with pytest.raises(ValidationError) as error:
            service.clean_fields()
        assert complaint in str(error.value.message_dict["command"])


@pytest.mark.parametrize("uid", ["tasks", "Tasks", "a b", "a/b", "ä", "x" * 65])
def test_reserved_and_unusable_uids_are_refused(uid):
    with pytest.raises(ValidationError) as error:
        Service(uid=uid, name="Web", command=["true"]).clean_fields()
    assert list(error.value.message_dict) == ["uid"]


@pytest.mark.parametrize("timeout", [0, 604801])
def test_a_timeout_is_a_second_to_a_week(timeout):
    with pytest.raises(ValidationError) as error:
        Service(uid="web", name="Web", command=["true"], timeout=timeout).clean_fields()
    assert list(error.value.message_dict) == ["timeout"]


def test_an_environment_is_lines_of_name_and_value():
    text = "A=1\r\n# a comment\n\n B =x=y \n_C9="
    assert parse_environment(text) == {"A": "1", "B": "x=y ", "_C9": ""}


@pytest.mark.parametrize("line", ["A", "9A=1", "A-B=1", "=1", "A=\0"])
def test_a_wrong_line_of_the_environment_is_named(line):
    with pytest.raises(ValidationError) as error:
        Service(uid="web", name="Web", command=["true"], environment="X=1\n" + line).clean_fields()
    assert "Line 2" in str(error.value.message_dict["environment"])


@pytest.mark.django_db
def test_a_command_survives_the_database_and_serialisation():
    from django.core import serializers

    command = ["sh", "-c", "echo 'é'\n", " x "]
    service = make_service(command=command)
    assert Service.objects.get(pk=service.pk).command == command
    text = serializers.serialize("json", [service])
    assert next(serializers.deserialize("json", text)).object.command == command


def test_blanks_of_an_argument_are_the_arguments():
    field = Service._meta.get_field("command").formfield()
    assert field.clean("  echo\n two ") == ["  echo", " two "]
    assert not field.has_changed(["a", "b"], "a\r\nb") and field.has_changed(["a"], "a\nb")
    assert field.has_changed(["a"], '["a"')


def test_letters_are_kept_as_they_are():
    """So that the database's own tools can look for them."""
    assert Service._meta.get_field("command").get_prep_value(["écho"]) == '["écho"]'


def test_the_migrations_make_what_the_models_say(db):
    call_command("makemigrations", "deploy", check=True, dry_run=True, verbosity=0)
