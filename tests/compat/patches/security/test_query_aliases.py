from tests.support.probe import probe, prove, source
from tests.support.probe_parts import ON_DATABASE

NAME = "security.query_aliases"


@source(ON_DATABASE)
def code_probe():
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection
    from django.db.models import Count, IntegerField, Value

    if ContentType._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(ContentType)
    ContentType.objects.get_or_create(app_label="a", model="b")

    def annotate(alias):
        return ContentType.objects.annotate(**{alias: Value(7, output_field=IntegerField())})

    def aggregate(alias):
        return ContentType.objects.aggregate(**{alias: Count("id")})

    def extra(alias):
        return ContentType.objects.extra(select={alias: "7"})

    def values(alias):
        return ContentType.objects.values(**{alias: Value(7, output_field=IntegerField())})

    def extra_values(alias):
        return ContentType.objects.extra(select={alias: "7"}).values_list(alias)


@source
def injected(annotate, connection, extra, values):
    quote = connection.ops.quote_name("name")[0]
    names = ["x%s, 6 * 7 AS %sy" % (quote, quote)]
    if connection.vendor == "mysql":
        names.append("x`, 6 * 7 AS `y` FROM django_content_type #")
    for name in names:
        for run in (annotate, extra, values):
            try:
                with connection.cursor() as cursor:
                    sql, parameters = run(name).query.sql_with_params()
                    cursor.execute(sql, parameters)
                    print(42 in cursor.fetchone(), end=" ")
            except ValueError:
                print("refused", end=" ")


def test_a_name_does_not_reach_the_sql(database):
    runs = 6 if "mysql" in database["DATABASE"] else 3
    good, bad = " ".join(["refused"] * runs), " ".join(["True"] * runs)
    prove(NAME, code_probe + injected, good=good, bad=bad, env=database)


def test_what_may_not_be_in_a_name(on_sqlite):
    forbidden = ["'", '"', "`", "[", "]", ";", "#", " ", "\t", "\n", "\x00", "\x7f", "\x9f"]
    forbidden += ["--", "/*", "*/"]
    code = code_probe + (
        """
for characters in %a:
    for run in (annotate, aggregate, values, extra, extra_values):
        said = ""
        try:
            run("na" + characters + "me")
        except Exception as error:
            said = str(error)
        print("refused" if "no name for a column" in said else "taken", end=" ")
"""
        % forbidden
    )
    many = 5 * len(forbidden)
    good, bad = " ".join(["refused"] * many), " ".join(["taken"] * many)
    prove(NAME, code, good=good, bad=bad, env=on_sqlite)


def test_names_as_sites_have_them(database):
    @source(code_probe)
    def code(ContentType, Count, aggregate, annotate, extra, extra_values):
        names = [
            "plain",
            "with_underscore",
            "a__count",
            "na\u00efve",
            "dash-ed",
            "dot.ted",
            "%percent",
        ]
        for name in names[:5]:
            assert getattr(annotate(name).get(), name) == 7, name
            assert aggregate(name) == {name: 1}
        for name in names[:6]:
            assert getattr(extra(name).get(), name) == 7, name
            assert extra_values(name).get() == (7,)
        from django.utils.functional import lazystr

        assert extra(lazystr("later")).count() == 1
        assert ContentType.objects.extra(where=["1 = 1"]).count() == 1
        assert ContentType.objects.values_list(Count("id")).get() == (1,)
        print("all")

    for disable in ("", NAME):
        found = probe(code, disable=disable, env=database)
        assert found.said == "all", found.error
