import pytest

from tests.compat.patches.security.admin_probe import ADMIN
from tests.support.probe import probe, prove, source
from tests.support.probe_parts import same

NAME = "security.inline_add_permission"
CODE = (
    ADMIN
    + """
shelf = Shelf.objects.create(name="s")
book = Book.objects.create(shelf=shelf, title="old")
note = Note.objects.create(shelf=shelf, text="old")
books, notes = "book_set", "auth-note-content_type-object_id"

def save(*permissions):
    data = {"name": "s"}
    data.update(forms(books, {"id": book.pk, "shelf": shelf.pk, "title": "edited"},
                      {"shelf": shelf.pk, "title": "new"}, initial=1))
    data.update(forms(notes, {"id": note.pk, "text": "edited"}, {"text": "new"}, initial=1))
    answer = client("change_shelf", *permissions).post("/admin/auth/shelf/%d/change/" % shelf.pk,
                                                       data)
    return (answer.status_code, sorted(Book.objects.values_list("title", flat=True)),
            sorted(Note.objects.values_list("text", flat=True)))
"""
)


def test_who_may_not_add_adds_nothing():
    prove(
        NAME,
        CODE + "print(*save('change_book', 'change_note'))",
        good="302 ['edited'] ['edited']",
        bad="302 ['edited', 'new'] ['edited', 'new']",
    )


def test_each_inline_asks_for_its_own():
    prove(
        NAME,
        CODE + "print(*save('change_book', 'change_note', 'add_note'))",
        good="302 ['edited'] ['edited', 'new']",
        bad="302 ['edited', 'new'] ['edited', 'new']",
    )


def test_a_required_form_is_not_saved_either():
    @source
    def body(Books, save):
        Books.min_num = 2
        print(*save("change_book", "change_note", "add_note"))

    prove(
        NAME,
        CODE + body,
        good="302 ['edited'] ['edited', 'new']",
        bad="302 ['edited', 'new'] ['edited', 'new']",
    )


@source
def save_as(Book, Note, Shelf, Shelves, book, books, client, forms, note, notes, shelf):
    Shelves.save_as = True

    def save_as(*permissions):
        data = {"name": "copy", "_saveasnew": "x"}
        data.update(forms(books, {"id": book.pk, "shelf": shelf.pk, "title": "copied"}, initial=1))
        data.update(forms(notes, {"id": note.pk, "text": "copied"}, initial=1))
        answer = client(
            "add_shelf", "change_shelf", "change_book", "change_note", *permissions
        ).post("/admin/auth/shelf/%d/change/" % shelf.pk, data)
        return (
            answer.status_code,
            sorted(Shelf.objects.values_list("name", flat=True)),
            sorted(Book.objects.values_list("title", "shelf__name")),
            sorted(Note.objects.values_list("text", "object_id")),
        )


def test_saving_as_new_copies_no_rows_for_who_may_not_add_them():
    prove(
        NAME,
        CODE + save_as + "print(*save_as('add_note'))",
        good="302 ['copy', 's'] [('old', 's')] [('old', 1)]",  # stock copies no generic rows
        bad="302 ['copy', 's'] [('copied', 'copy'), ('old', 's')] [('old', 1)]",
    )


def test_saving_as_new_copies_rows_as_before():
    same(NAME, CODE + save_as + "print(*save_as('add_book', 'add_note'))")


@pytest.mark.parametrize("permission", ["delete_book", "add_book"])
def test_rows_are_deleted_as_before(permission):
    code = (
        CODE
        + "permission = %r\n" % permission
        + """
data = {"name": "s"}
data.update(forms(books, {"id": book.pk, "shelf": shelf.pk, "title": "x", "DELETE": "on"},
                  initial=1))
data.update(forms(notes, {"id": note.pk, "text": "x", "DELETE": "on"}, initial=1))
user = client("change_shelf", "change_book", "change_note", "delete_note", permission)
page = user.get("/admin/auth/shelf/%d/change/" % shelf.pk).content.decode()
print(page.count("book_set-0-DELETE"), page.count("__prefix__") > 0)
print(user.post("/admin/auth/shelf/%d/change/" % shelf.pk, data).status_code,
      Book.objects.count(), Note.objects.count())
"""
    )
    same(NAME, code)


def test_a_formset_without_a_request_adds():
    """As for the fields of an inline: nobody's permission is asked there."""
    code = (
        CODE
        + """
Books.can_delete = Notes.can_delete = False
Books.fields, Notes.fields = ["title"], ["text"]
for inline in (Books, Notes):
    form = inline(Shelf, admin.site).get_formset(None).form
    print(form({"title": "x", "text": "x"}).has_changed())
"""
    )
    same(NAME, code)
    assert probe(code).said.split() == ["True", "True"]


@pytest.mark.parametrize("disable", ["", NAME])
def test_who_may_add_does(disable):
    code = CODE + "print(*save('change_book', 'change_note', 'add_note', 'add_book'))"
    result = probe(code, disable=disable)
    assert result.said == "302 ['edited', 'new'] ['edited', 'new']", result.error


@pytest.mark.parametrize("kind", ["parent", "anything"])
def test_an_inline_that_takes_the_parent_is_given_it(kind):
    """Written for 1.11 and 2.1 alike; without the parent it says no, and rows were dropped."""

    @source(CODE, kind=kind)
    def code(Books, Notes, kind, save):
        def takes_parent(self, request, obj=None):
            return obj is not None and self.has_change_permission(request, obj)

        def takes_anything(self, *args, **kwargs):
            return len(args) == 2 and args[1] is not None

        for inline in (Books, Notes):
            inline.has_add_permission = takes_parent if kind == "parent" else takes_anything
            inline.max_num = None
        print(*save("change_book", "change_note"))

    result = probe(code)
    assert result.said == "302 ['edited', 'new'] ['edited', 'new']", result.error


@pytest.mark.parametrize("granted, titles", [("", "['edited']"), ("add_book", "['edited', 'new']")])
def test_an_inline_that_hands_its_arguments_on_is_asked_as_1_11_does(granted, titles):
    @source(CODE, granted=granted)
    def code(Books, granted, save):
        def handed_on(self, *args, **kwargs):
            return super(Books, self).has_add_permission(*args, **kwargs)

        Books.has_add_permission = handed_on
        print(*save("change_book", "change_note", granted or "change_book"))

    result = probe(code)
    assert result.said == "302 %s ['edited']" % titles, result.error


def test_a_row_that_is_not_saved_is_told():
    code = CODE + "print(*save('change_book', 'change_note', 'add_note'))"
    result = probe(code)
    told = [line for line in result.error.splitlines() if "a new row is not saved" in line]
    assert len(told) == 1 and "Books of the admin" in told[0] and NAME in told[0], result.error
