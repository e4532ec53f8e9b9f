import pytest

from tests.compat.patches.probe import probe, prove
from tests.compat.patches.security.admin_probe import ADMIN

NAME = "security.list_editable_rows"
CODE = (
    ADMIN
    + """
shelf = Shelf.objects.create(name="old")

def save(*rows, initial=1, model_admin=None):
    data = dict(forms("form", *rows, initial=initial), _save="Save")
    answer = client("change_shelf").post("/admin/auth/shelf/", data)
    return answer.status_code, sorted(Shelf.objects.values_list("name", flat=True))

edited = {"id": shelf.pk, "name": "edited"}
"""
)


@pytest.mark.parametrize(
    "rows, initial",
    [("{'name': 'new'}", 0), ("edited, {'name': 'new'}", 1)],
    ids=["alone", "after"],
)
def test_a_forged_form_is_refused_and_nothing_saved(rows, initial):
    names = "['edited', 'new']" if initial else "['new', 'old']"
    prove(
        NAME,
        CODE + "print(*save(%s, initial=%d))" % (rows, initial),
        good="400 ['old']",
        bad="302 " + names,
    )


OWN = """
from django.forms.models import modelformset_factory
Shelves.get_changelist_formset = lambda self, request: modelformset_factory(
    Shelf, self.get_changelist_form(request), extra=0, fields=["name"])
"""


def test_an_admin_with_a_formset_of_its_own_saves_none_either():
    code = CODE + OWN + "print(*save({'name': 'new'}, initial=0))"
    prove(NAME, code, good="400 ['old']", bad="302 ['new', 'old']")


@pytest.mark.parametrize("rows", ["edited", "edited, {'name': ''}", "{'id': 1, 'name': 'edited'}"])
@pytest.mark.parametrize("disable", ["", NAME])
def test_rows_that_are_there_are_edited(rows, disable):
    result = probe(CODE + "print(*save(%s))" % rows, disable=disable)
    assert result.said == "302 ['edited']", result.error


def test_adding_and_changing_on_their_own_pages_work():
    code = (
        CODE
        + """
Shelves.inlines = []
user = client("change_shelf", "add_shelf")
answers = [user.post("/admin/auth/shelf/add/", {"name": "new"}),
           user.post("/admin/auth/shelf/%d/change/" % shelf.pk, {"name": "changed"}),
           user.get("/admin/auth/shelf/")]
print([answer.status_code for answer in answers], *Shelf.objects.order_by("pk").values_list("name"))
"""
    )
    result = probe(code)
    assert result.said == "[302, 302, 200] ('changed',) ('new',)", result.error
