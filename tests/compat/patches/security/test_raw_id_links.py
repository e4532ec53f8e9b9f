import pytest

from tests.compat.patches.security.admin_probe import ADMIN
from tests.support.probe import probe, prove, source
from tests.support.probe_parts import same

NAME = "security.raw_id_links"
CODE = (
    ADMIN
    + """
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from html.parser import HTMLParser

links = []

class Links(HTMLParser):
    def handle_starttag(self, tag, attrs):
        if tag == "a":
            links.append(attrs[0][1])
        elif tag == "script":
            links.append(tag)

def rendered(limit):
    field = models.ForeignKey(Shelf, models.CASCADE, limit_choices_to=limit)
    field.contribute_to_class(Book, "other%d" % len(links))
    Links().feed(ForeignKeyRawIdWidget(field.remote_field, admin.site).render("n", "", attrs={}))
    return links
"""
)


def test_a_quotation_mark_stays_in_the_link():
    prove(
        NAME,
        CODE + """print(*rendered({"name": '"><script>x</script>&y=\\u00e9'}))""",
        good="/admin/auth/shelf/?name=%22%3E%3Cscript%3Ex%3C%2Fscript%3E%26y%3D%C3%A9&_to_field=id",
        bad="script",
    )


@source
def many(Links, admin, links, models):
    from django.contrib.admin.widgets import ManyToManyRawIdWidget

    def many(to, limit):
        rel = models.ManyToManyField(to, limit_choices_to=limit).remote_field
        Links().feed(ManyToManyRawIdWidget(rel, admin.site).render("n", [1, 2], attrs={}))
        return links


def test_nor_does_one_of_many_leave_it():
    code = CODE + many + """print(*many(Shelf, {"name": '"><script>'}))"""
    prove(NAME, code, good="/admin/auth/shelf/?name=%22%3E%3Cscript%3E", bad="script")


def test_links_without_limits_are_as_before():
    """A model that is not in the admin has none."""
    same(NAME, CODE + many + "print(many(Shelf, {}), many(Note, {'text': 'x'}), rendered({}))")


@pytest.mark.parametrize(
    "limit, query",
    [("{'name__in': [1, 2], 'id': True}", "name__in=1%2C2&id=1&"), ("lambda: {'id': 3}", "id=3&")],
)
def test_other_links_mean_the_same(limit, query):
    said = []
    for disable in ("", NAME):
        result = probe(CODE + "print(*rendered(%s))" % limit, disable=disable)
        said.append(result.said.replace("%2C", ","))
    assert said[0] == said[1] == "/admin/auth/shelf/?%s_to_field=id" % query.replace("%2C", ",")
