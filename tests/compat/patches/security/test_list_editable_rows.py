import pytest

from tests.compat.patches.security.admin_probe import ADMIN
from tests.support.probe import probe, prove, source
from tests.support.probe_parts import same

NAME = "security.list_editable_rows"


@source(ADMIN)
def code_probe(Shelf, client, forms):
    global edited
    shelf = Shelf.objects.create(name="old")

    def save(*rows, initial=1, model_admin=None):
        data = dict(forms("form", *rows, initial=initial), _save="Save")
        answer = client("change_shelf").post("/admin/auth/shelf/", data)
        return answer.status_code, sorted(Shelf.objects.values_list("name", flat=True))

    edited = {"id": shelf.pk, "name": "edited"}


@pytest.mark.parametrize(
    "rows, initial",
    [("{'name': 'new'}", 0), ("edited, {'name': 'new'}", 1)],
    ids=["alone", "after"],
)
def test_a_forged_form_is_refused_and_nothing_saved(rows, initial):
    names = "['edited', 'new']" if initial else "['new', 'old']"
    prove(
        NAME,
        code_probe + "print(*save(%s, initial=%d))" % (rows, initial),
        good="400 ['old']",
        bad="302 " + names,
    )


@source
def own(Shelf, Shelves):
    from django.forms.models import modelformset_factory

    Shelves.get_changelist_formset = lambda self, request: modelformset_factory(
        Shelf, self.get_changelist_form(request), extra=0, fields=["name"]
    )


def test_an_admin_with_a_formset_of_its_own_saves_none_either():
    code = code_probe + own + "print(*save({'name': 'new'}, initial=0))"
    prove(NAME, code, good="400 ['old']", bad="302 ['new', 'old']")


@pytest.mark.parametrize("rows", ["edited", "edited, {'name': ''}", "{'id': 1, 'name': 'edited'}"])
@pytest.mark.parametrize("disable", ["", NAME])
def test_rows_that_are_there_are_edited(rows, disable):
    result = probe(code_probe + "print(*save(%s))" % rows, disable=disable)
    assert result.said == "302 ['edited']", result.error


def test_what_the_page_shows_is_saved_as_before():
    """With a filter, on the second page, and one of its rows gone in the meantime."""
    code = (
        code_probe
        + """
from django.test.utils import setup_test_environment
setup_test_environment()  # answers have a context
Shelves.list_filter, Shelves.list_per_page, Shelves.ordering = ["name"], 2, ["pk"]
shelves = [Shelf.objects.create(name="same") for _ in range(5)]
user = client("change_shelf")
where = "/admin/auth/shelf/?name=same&p=1"

def post(gone=False):
    formset = user.get(where).context["cl"].formset
    rows = [dict(form.initial, id=form.instance.pk, name="n%d" % form.instance.pk)
            for form in formset.forms]
    if gone:
        Shelf.objects.get(pk=rows[0]["id"]).delete()
    answer = user.post(where, dict(forms("form", *rows, initial=len(rows)), _save="Save"))
    return answer.status_code, list(Shelf.objects.order_by("pk").values_list("name", flat=True))

print(len(shelves), post(), post(gone=True))
"""
    )
    same(NAME, code)


def test_a_key_that_is_edited_adds_no_row():
    """Stock adds a row with the new key, which has none of the other fields."""

    @source(code_probe)
    def code(Base, User, admin, connection, forms, models):
        class Word(Base):
            text = models.CharField(max_length=9, primary_key=True)
            number = models.IntegerField(default=1)

        with connection.schema_editor() as editor:
            editor.create_model(Word)

        class Words(admin.ModelAdmin):
            list_display, list_display_links, list_editable = ["text", "number"], None, ["text"]

        from django.core.exceptions import SuspiciousOperation
        from django.test import RequestFactory

        Word.objects.create(text="old", number=7)
        request = RequestFactory().post(
            "/", dict(forms("form", {"text": "new"}, initial=1), _save="Save")
        )
        request.user = User.objects.create_superuser("root", "", "")
        request._dont_enforce_csrf_checks = True
        request._messages = type("Messages", (), {"add": lambda *arguments: None})()
        try:
            Words(Word, admin.site).changelist_view(request)
        except SuspiciousOperation:
            print("refused", end=" ")
        print(sorted(Word.objects.values_list("text", "number")))

    prove(NAME, code, good="refused [('old', 7)]", bad="[('new', 1), ('old', 7)]")


@pytest.mark.parametrize("disable", ["", NAME])
def test_an_object_that_is_not_saved_yet_is_changed_on_its_own_page(disable):
    @source(code_probe)
    def code(Shelf, Shelves, client):
        Shelves.inlines = []
        Shelves.get_object = lambda self, request, key, field=None: Shelf(pk=key)
        user = client("change_shelf")
        print(
            user.post("/admin/auth/shelf/77/change/", {"name": "made"}).status_code,
            Shelf.objects.get(pk=77).name,
        )

    result = probe(code, disable=disable)
    assert result.said == "302 made", result.error


def test_adding_and_changing_on_their_own_pages_work():
    @source(code_probe)
    def code(Shelf, Shelves, client, shelf):
        Shelves.inlines = []
        user = client("change_shelf", "add_shelf")
        answers = [
            user.post("/admin/auth/shelf/add/", {"name": "new"}),
            user.post("/admin/auth/shelf/%d/change/" % shelf.pk, {"name": "changed"}),
            user.get("/admin/auth/shelf/"),
        ]
        print(
            [answer.status_code for answer in answers],
            *Shelf.objects.order_by("pk").values_list("name"),
        )

    result = probe(code)
    assert result.said == "[302, 302, 200] ('changed',) ('new',)", result.error
