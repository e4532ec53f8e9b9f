from tests.support.gis import GIS, needs_gis
from tests.support.probe import probe, prove

pytestmark = needs_gis
NAME = "security.logged_geometries"
CODE = (
    GIS
    + """
import io, logging
from django.contrib.gis.admin.widgets import OpenLayersWidget
from django.contrib.gis.forms.widgets import OSMWidget
stream = io.StringIO()
handler = logging.StreamHandler(stream)
handler.setFormatter(logging.Formatter("%(filename)s %(message)s"))
handler.terminator = "|"
logging.getLogger("django.contrib.gis").handlers = [handler]
old = OpenLayersWidget()
old.params = {}
for widget in (old, OSMWidget()):
    told(widget.get_context, "field", VALUE, {})
print(ascii(stream.getvalue()))
"""
)
LINE = "widgets.py Error creating geometry from value '%s' ("
FORGED = "no geometry\n2026-11-03 INFO all is well \x1b[2J\u2028"


def test_a_value_forges_no_line():
    code = CODE.replace("VALUE", ascii(FORGED))
    escaped = LINE % "no geometry\\n2026-11-03 INFO all is well \\x1b[2J\\u2028"
    lines = eval(probe(code).said).split("|")
    assert len(lines) == 3 and all(line.startswith(escaped) for line in lines[:2])
    raw = eval(probe(code, disable=NAME).said)
    assert raw.count(LINE % FORGED) == 2
    check = """print("forged" if chr(10) in stream.getvalue() else "not forged")"""
    code = code.replace("print(ascii(stream.getvalue()))", check)
    prove(NAME, code, good="not forged", bad="forged")


def test_other_values_are_logged_as_before():
    code = CODE.replace("VALUE", ascii("d\u00e9j\u00e0 vu"))
    said = {probe(code, disable=disable).said for disable in ("", NAME)}
    assert len(said) == 1
    assert "vu' (" in said.pop()
