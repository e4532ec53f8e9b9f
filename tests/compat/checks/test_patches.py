import pytest

from compat.checks import patches as checks


@pytest.mark.parametrize(
    "version, ids",
    [
        ((3, 6, 15), []),
        ((3, 13, 12), []),
        ((3, 14, 0), ["compat.W004"]),
        ((4, 0, 1), ["compat.W004"]),
    ],
)
def test_a_python_that_is_too_new(monkeypatch, version, ids):
    monkeypatch.setattr("sys.version_info", version)
    found = checks.check_versions(None)
    assert [warning.id for warning in found] == ids
    assert all("%d.%d" % version[:2] in warning.msg for warning in found)


def test_an_environment_as_pinned():
    assert checks.check_versions(None) == []


@pytest.mark.parametrize("name", ["compat.py", "compat/__init__.py"])
def test_a_module_of_the_sites_that_has_the_bridges_name(tmp_path, monkeypatch, name):
    assert checks.check_names(None) == []  # here it is the bridge itself
    monkeypatch.chdir(tmp_path)
    assert checks.check_names(None) == []
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    (found,) = checks.check_names(None)
    assert found.id == "compat.W026" and str(path) in found.msg


def test_another_copy_of_the_bridge_is_none_of_the_sites_modules(tmp_path, monkeypatch):
    """A release that is checked has one, and the environment's is active."""
    monkeypatch.chdir(tmp_path)
    for name in ("__init__.py", "patching/patch.py"):
        path = tmp_path / "compat" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    assert checks.check_names(None) == []
