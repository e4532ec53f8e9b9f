import sqlite3

from tests.support.probe import DJANGO, probe, prove, source

NAME = "django.sqlite_rename"


@source(DJANGO)
def models():
    from django.db import connection, models

    class Author(models.Model):
        name = models.CharField(max_length=10)

        class Meta:
            app_label = "library"

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE)

        class Meta:
            app_label = "library"

    def pragma():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA legacy_alter_table")
            return cursor.fetchone()[0]

    def references():
        with connection.cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'library_book'")
            return cursor.fetchone()[0].partition("REFERENCES ")[2].partition(" ")[0]

    def longer(editor):
        new = models.CharField(max_length=20)
        new.set_attributes_from_name("name")
        editor.alter_field(Author, Author._meta.get_field("name"), new)

    with connection.schema_editor() as editor:
        editor.create_model(Author)
        editor.create_model(Book)


@source(models)
def alter(Author, Book, connection, longer, pragma, references):
    author = Author.objects.create(name="kept")
    with connection.schema_editor() as editor:
        longer(editor)
    connection.cursor().execute("PRAGMA foreign_keys = 1")
    Book.objects.create(author=author)
    print(Book.objects.get().author.name, references(), pragma())


@source(models)
def rename(Author, connection, references):
    with connection.schema_editor() as editor:
        editor.alter_db_table(Author, "library_author", "library_writer")
    print(references())


@source(models)
def show(connection, longer, pragma):
    with connection.schema_editor(collect_sql=True) as editor:
        longer(editor)
    print([line for line in editor.collected_sql if "PRAGMA" in line], pragma())


@source(models)
def fail(connection, longer, pragma, references):
    try:
        with connection.schema_editor() as editor:
            editor.execute('CREATE TABLE "library_author__old" (a)')
            longer(editor)
    except Exception as error:
        print(type(error).__name__, pragma())
    print(references())


# What SQLite did before 3.26, the migrations of Django 1.11 expect.
NEEDED = sqlite3.sqlite_version_info >= (3, 26)


def test_references_survive_a_rebuilt_table():
    patched = probe(alter, patch=NAME)
    assert patched.said == 'kept "library_author" 0', patched.error
    assert patched.states[NAME] == "applied"
    if NEEDED:
        assert "no such table: main.library_author__old" in probe(alter, disable=NAME).said


def test_references_follow_a_table_that_is_renamed_for_good():
    assert probe(rename).said == '"library_writer"'


def test_sqlmigrate_shows_statements_that_do_the_same():
    said = "['PRAGMA legacy_alter_table = 1;', 'PRAGMA legacy_alter_table = 0;'] 0"
    prove(NAME, show, said, bad="[] 0")


def test_a_rebuild_that_fails_leaves_the_connection_as_it_was():
    assert probe(fail).said == 'OperationalError 0\n"library_author"'
