import pytest

from tests.compat.patches.security.admin_probe import ADMIN
from tests.support.probe import probe, prove, source
from tests.support.probe_parts import same

NAME = "security.formset_rows"
CODE = (
    ADMIN
    + """
from django.forms.models import inlineformset_factory, modelformset_factory

class Word(Base):
    text = models.CharField(max_length=9, primary_key=True)
    owner = models.CharField(max_length=9)

class Label(Base):
    shelf = models.OneToOneField(Shelf, models.CASCADE, primary_key=True)
    text = models.CharField(max_length=9)

with connection.schema_editor() as editor:
    editor.create_model(Word)
    editor.create_model(Label)

Word.objects.create(text="mine", owner="me")
Word.objects.create(text="theirs", owner="them")
FormSet = modelformset_factory(Word, fields=["text", "owner"], can_delete=True, extra=0)

def save(*rows, commit=True):
    data = forms("form", *rows, initial=len(rows))
    formset = FormSet(data, queryset=Word.objects.filter(owner="me"))
    if not formset.is_valid():
        return formset.errors
    saved = formset.save(commit=commit)
    return ([word.text for word in saved], len(formset.deleted_objects),
            [word.text for word, _ in formset.changed_objects], formset.new_objects,
            sorted(Word.objects.values_list("text", "owner")))
"""
)


def test_a_row_outside_of_the_queryset_is_not_deleted():
    prove(
        NAME,
        CODE + "print(save({'text': 'theirs', 'owner': 'x', 'DELETE': 'on'}))",
        good="([], 0, [], [], [('mine', 'me'), ('theirs', 'them')])",
        bad="([], 1, [], [], [('mine', 'me')])",
    )


def test_nor_saved():
    prove(
        NAME,
        CODE + "print(save({'text': 'forged', 'owner': 'x'}))",
        good="([], 0, [], [], [('mine', 'me'), ('theirs', 'them')])",
        bad="(['forged'], 0, ['forged'], [], "
        "[('forged', 'x'), ('mine', 'me'), ('theirs', 'them')])",
    )


def test_nor_through_an_inline_with_a_one_to_one_key():
    @source(CODE)
    def code(Label, Shelf, forms, modelformset_factory):
        mine, theirs = [Shelf.objects.create(name=name) for name in ("mine", "theirs")]
        Label.objects.create(shelf=theirs, text="t")
        FormSet = modelformset_factory(Label, fields=["shelf", "text"], can_delete=True, extra=0)
        data = forms("form", {"shelf": theirs.pk, "text": "t", "DELETE": "on"}, initial=1)
        formset = FormSet(data, queryset=Label.objects.filter(shelf=mine))
        assert formset.is_valid(), formset.errors
        formset.save()
        print(Label.objects.count())

    prove(NAME, code, good="1", bad="0")


@source
def admin_inline(Base, Label, Shelf, Shelves, User, admin, connection, forms, models):
    class Labels(admin.StackedInline):
        model = Label

    class Stamp(Base):  # its key is in the form
        code = models.CharField(max_length=9, primary_key=True)
        shelf = models.ForeignKey(Shelf, models.CASCADE)

    with connection.schema_editor() as editor:
        editor.create_model(Stamp)

    class Stamps(admin.TabularInline):
        model = Stamp

    Shelves.inlines, Shelves.save_as = [Labels, Stamps], True
    mine, theirs = [Shelf.objects.create(name=name) for name in ("mine", "theirs")]
    for shelf in (mine, theirs):
        Label.objects.create(shelf=shelf, text=shelf.name)
        Stamp.objects.create(code=shelf.name[0], shelf=shelf)
    from django.test import Client

    root = Client()
    root.force_login(User.objects.create_superuser("root", "", ""))

    def post(labels, stamps, initial=1, **more):
        data = dict(more, name="mine")
        data.update(forms("label", *labels, initial=initial))
        data.update(forms("stamp_set", *stamps, initial=initial))
        return (
            root.post("/admin/auth/shelf/%d/change/" % mine.pk, data).status_code,
            sorted(Label.objects.values_list("text", flat=True)),
            sorted(Stamp.objects.values_list("code", "shelf__name")),
        )


def test_nor_through_an_inline_of_the_admin():
    code = "print(*post([{'shelf': mine.pk, 'text': 'l'}],"
    code += " [{'code': 't', 'shelf': mine.pk, 'DELETE': 'on'}]))"
    prove(
        NAME,
        CODE + admin_inline + code,
        good="302 ['l', 'theirs'] [('m', 'mine'), ('t', 'theirs')]",
        bad="302 ['l', 'theirs'] [('m', 'mine')]",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "[{'shelf': mine.pk, 'text': 'l'}], [{'code': 'm', 'shelf': mine.pk}]",
        "[{'shelf': mine.pk, 'text': 'l', 'DELETE': 'on'}],"
        " [{'code': 'm', 'shelf': mine.pk, 'DELETE': 'on'}]",
        "[], [{'code': 'new', 'shelf': mine.pk}], initial=0",
        "[{'shelf': mine.pk, 'text': 'l'}], [{'code': 'new', 'shelf': mine.pk}], _saveasnew='x'",
    ],
    ids=["change", "delete", "add", "save as new"],
)
def test_inlines_of_the_admin_save_as_before(arguments):
    same(NAME, CODE + admin_inline + "print(*post(%s))" % arguments)


@pytest.mark.parametrize(
    "row, said",
    [
        ("'owner': 'me2'", "(['mine'], 0, ['mine'], [], [('mine', 'me2'), ('theirs', 'them')])"),
        ("'owner': 'me', 'DELETE': 'on'", "([], 1, [], [], [('theirs', 'them')])"),
        ("'owner': 'me'", "([], 0, [], [], [('mine', 'me'), ('theirs', 'them')])"),
    ],
)
def test_the_rows_that_are_shown_are_changed_and_deleted(row, said):
    for disable in ("", NAME):
        result = probe(CODE + "print(save({'text': 'mine', %s}))" % row, disable=disable)
        assert result.said == said, result.error


def test_without_commit_the_forms_are_remembered():
    @source(CODE)
    def code(FormSet, Word, forms):
        formset = FormSet(
            forms("form", {"text": "mine", "owner": "x"}, {"text": "q", "owner": "x"}, initial=2),
            queryset=Word.objects.filter(owner="me"),
        )
        assert formset.is_valid(), formset.errors
        saved = formset.save(commit=False)
        formset.save_m2m()
        print(
            [form.instance.text for form in formset.saved_forms],
            [word.text for word in saved],
            Word.objects.get(text="mine").owner,
        )

    prove(NAME, code, good="['mine'] ['mine'] me", bad="['mine', 'q'] ['mine', 'q'] me")
