import pytest

from tests.support.probe import DJANGO, probe, prove, source

NAME = "security.multiple_files"
CODE = (
    DJANGO
    + """
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

def files(*names):
    return MultiValueDict({"file": [SimpleUploadedFile(name, b"x") for name in names]})

class Several(forms.%s):
    allow_multiple_selected = True
"""
)
WIDGETS = ["FileInput", "ClearableFileInput"]


@pytest.mark.parametrize("widget", WIDGETS)
def test_a_widget_for_one_file_takes_no_multiple(widget):
    prove(
        NAME,
        CODE % widget
        + """
class Form(forms.Form):
    file = forms.FileField(widget=forms.%s(attrs={"multiple": True}))
print("defined")
"""
        % widget,
        good="ValueError: %s validates one file only, not several. Give a subclass with "
        "allow_multiple_selected = True to a field that validates each of a list, or set "
        "COMPAT_ALLOW_MULTIPLE_FILES = True if the view does" % widget,
        bad="defined",
    )


ONE = """
widget = forms.{0}(attrs={{"class": "c", "multiple": {1}}})
print(widget.render("file", None), widget.value_from_datadict({{}}, files("a", "b"), "file").name,
      forms.{0}().render("file", None))
"""


@pytest.mark.parametrize("widget", WIDGETS)
@pytest.mark.parametrize("multiple, switch", [("False", ""), ("True", "True")])
def test_the_rest_and_the_setting_are_as_before(widget, multiple, switch):
    setting = switch and "settings.COMPAT_ALLOW_MULTIPLE_FILES = %s\n" % switch
    code = CODE % widget + setting + ONE.format(widget, multiple)
    said = {probe(code, disable=disable).said for disable in ("", NAME)}
    assert len(said) == 1
    said = said.pop()
    assert ("multiple" in said) == (multiple == "True") and " b " in said


@source
def several(Several, files, forms):
    class Field(forms.FileField):
        widget = Several

        def clean(self, data, initial=None):
            return [super(Field, self).clean(one, initial) for one in data]

    class Form(forms.Form):
        file = Field()

    form = Form({}, files("a", "b"))
    print(
        form.is_valid(),
        [one.name for one in form.cleaned_data["file"]],
        str(form["file"]).count("multiple"),
        "multiple" in Several({"multiple": False}).attrs,
        Several({"multiple": False}).attrs["multiple"],
        Several.is_localized,
    )
    long = Form({}, files("a" * 300, "b"))
    long.fields["file"].max_length = 100
    print(long.is_valid())


@pytest.mark.parametrize("widget", WIDGETS)
def test_a_subclass_gets_them_all(widget):
    result = probe(CODE % widget + several)
    assert result.said == "True ['a', 'b'] 1 True False False\nFalse", result.error


@pytest.mark.parametrize("variable, setting", [("1", "False"), ("0", "True")])
def test_the_environment_is_over_the_setting(variable, setting):
    code = CODE % "FileInput" + "settings.COMPAT_ALLOW_MULTIPLE_FILES = %s\n" % setting
    code += "print(forms.FileInput({'multiple': True}).attrs)"
    result = probe(code, env={"COMPAT_ALLOW_MULTIPLE_FILES": variable})
    good = "{'multiple': True}" if variable == "1" else "ValueError: FileInput validates one file"
    assert result.said.startswith(good), result.error


def test_it_is_refused_before_there_are_settings():
    @source
    def code():
        from django import forms

        forms.FileInput()
        forms.FileInput(attrs={"multiple": True})

    assert probe(code).said.startswith("ValueError: FileInput validates one file only")
