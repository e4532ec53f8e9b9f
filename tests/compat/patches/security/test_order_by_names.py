from tests.support.probe import probe, prove, source
from tests.support.probe_parts import ON_DATABASE

NAME = "security.order_by_names"


@source(ON_DATABASE)
def code_probe():
    global FieldError
    from django.core.exceptions import FieldError
    from django.db import connection, models

    class Thing(models.Model):
        name = models.CharField(max_length=1)

        class Meta:
            app_label = "auth"

    with connection.schema_editor() as editor:
        editor.create_model(Thing)
    for name in "ab":
        Thing.objects.create(name=name)

    def names(*order):
        return "".join(Thing.objects.order_by(*order).values_list("name", flat=True))


@source
def injected(FieldError, Thing, names):
    def answer(method, condition):
        sort = '?"), CASE WHEN (%s) THEN id ELSE -id END, ("auth_thing.id' % condition
        try:
            return method(sort)
        except FieldError:
            return "refused"

    def first(sort):
        return Thing.objects.earliest(sort).name

    secret = "(SELECT name FROM auth_thing WHERE id = 2) = '%s'"
    for method in (names, first):
        print(answer(method, secret % "b"), answer(method, secret % "z"), end=" ")


def test_a_question_mark_is_no_way_into_the_sql(on_sqlite):
    refused = " ".join(["refused"] * 4)
    prove(NAME, code_probe + injected, good=refused, bad="ab ba a b", env=on_sqlite)


def test_what_only_begins_as_a_name_should(on_sqlite):
    @source(code_probe)
    def code(FieldError, names):
        bad = ["??", "? ", "?id", "?\n", "-?", "id\n", "id desc", "id;", "x.y z", "", "-", "\x00"]
        for order in bad:
            try:
                names(order)
                print("taken", repr(order))
            except FieldError:
                pass
        print("end")

    assert probe(code, env=on_sqlite).said == "end"


def test_names_as_sites_have_them(database):
    @source(code_probe)
    def code(Thing, connection, models, names):
        for order in [["id"], ["name"], ["pk"], ["auth_thing.id"], ["name", "-id"]]:
            assert names(*order) == "ab", order
        for order in [["-id"], ["-name"], ["-auth_thing.id"], ["-name", "pk"]]:
            assert names(*order) == "ba", order
        assert sorted(names("?")) == ["a", "b"]
        assert names(models.F("id").desc()) == "ba"
        extra = Thing.objects.extra(order_by=["-auth_thing.id"])
        assert [one.name for one in extra] == ["b", "a"]
        with connection.schema_editor() as editor:
            editor.delete_model(Thing)
        print("all")

    for disable in ("", NAME):
        found = probe(code, disable=disable, env=database)
        assert found.said == "all", found.error
