import os

import pytest

from deploy_conf import templating


@pytest.fixture
def template(tmp_path, monkeypatch):
    monkeypatch.setattr(templating, "FOLDER", str(tmp_path))

    def write(text, name="t.conf"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def test_condition_keeps_or_drops_lines(template):
    name = template("a\n@if x\nb\n@if not y\nc\n@end\n@end\n@if not x\nd\n@end\ne\n")
    assert templating.render(name, {"x": 1, "y": 0}) == "a\nb\nc\ne\n"
    assert templating.render(name, {"x": 1, "y": 1}) == "a\nb\ne\n"
    assert templating.render(name, {"x": 0, "y": 0}) == "a\nd\ne\n"


def test_lines_of_a_value_and_of_an_included_file_are_indented(template):
    template("in {\n  @{v}\n}\n", "inner.conf")
    name = template("out {\n    @include inner.conf\n}\n")
    assert templating.render(name, {"v": "1;\n2;"}) == (
        "out {\n    in {\n      1;\n      2;\n    }\n}\n"
    )


def test_a_value_is_not_a_template(template):
    assert templating.render(template("@{v}\n"), {"v": "@{v}$x%y"}) == "@{v}$x%y\n"


def test_unknown_value_and_missing_end_are_errors(template):
    with pytest.raises(KeyError):
        templating.render(template("@{nothing}\n"), {})
    with pytest.raises(ValueError):
        templating.render(template("@if x\n"), {"x": 1})


def test_templates_have_no_absolute_path_of_a_machine():
    for name in os.listdir(templating.FOLDER):
        with open(os.path.join(templating.FOLDER, name), encoding="utf-8") as file:
            assert "/home/" not in file.read()
