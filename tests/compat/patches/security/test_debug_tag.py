import pytest

from tests.support.probe import DJANGO, prove

CODE = (
    DJANGO
    + """
from django.template import Context, Engine
settings.DEBUG = %s
said = Engine().from_string("{%% debug %%}").render(Context({"who": "<script>1</script>"}))
print("<script>" in said, "&lt;script&gt;" in said, len(said) > 1000)
"""
)


@pytest.mark.parametrize(
    "debug, good", [(False, "False False False"), (True, "False True True")], ids=["live", "debug"]
)
def test_no_script_of_a_user_runs(debug, good):
    prove("security.debug_tag", CODE % debug, good=good, bad="True False True")
