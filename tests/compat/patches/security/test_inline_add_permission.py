import pytest

from tests.compat.patches.probe import probe, prove
from tests.compat.patches.security.admin_probe import ADMIN

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
    prove(
        NAME,
        CODE + "Books.min_num = 2\nprint(*save('change_book', 'change_note', 'add_note'))",
        good="302 ['edited'] ['edited', 'new']",
        bad="302 ['edited', 'new'] ['edited', 'new']",
    )


@pytest.mark.parametrize("disable", ["", NAME])
def test_who_may_add_does(disable):
    code = CODE + "print(*save('change_book', 'change_note', 'add_note', 'add_book'))"
    result = probe(code, disable=disable)
    assert result.said == "302 ['edited', 'new'] ['edited', 'new']", result.error
