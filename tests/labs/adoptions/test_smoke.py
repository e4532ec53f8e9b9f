import pytest

from deploy_conf.commands import parser
from tests.labs.adoptions import __main__ as lab
from tests.labs.adoptions import document

PAGE = """
# Sites

```sh
make adoptions
```

## A stock site

No commands.

## Shop 4.3

```sh
python3.7 -m venv env
env/bin/shop start . && env/bin/python manage.py migrate   # makes it

env/bin/pip install "django-devops-bridge[pins,init]" --find-links wheels
env/bin/python -m deploy_conf up --settings "my shop" --port 8790
env/bin/python -m deploy_conf down
env/bin/python -m django_bridge init --undo
```
"""


def test_the_commands_of_a_page():
    (shop,) = document.read(PAGE)
    assert (shop.name, shop.python, document.port(shop)) == ("shop", "3.7", 8790)
    assert shop.make == [
        ["python3.7", "-m", "venv", "env"],
        ["env/bin/shop", "start", "."],
        ["env/bin/python", "manage.py", "migrate"],
    ]
    assert shop.adopt[0][2] == "django-devops-bridge[pins,init]"
    assert shop.adopt[1][4:6] == ["--settings", "my shop"]
    assert [words[3] for words in shop.leave] == ["down", "init"]


@pytest.mark.parametrize(
    "old,new,why",
    [
        ("python3.7 -m venv env", "virtualenv env", "Shop 4.3: the first command is no"),
        ("start .", "start . > log", "Shop 4.3: it takes a shell: env/bin/shop start . > log"),
        ("deploy_conf down", "deploy_conf status", "stops the site once"),
        ("--port 8790", "", "starts .up --port N."),
        ('"django-devops-bridge[pins,init]"', "Django", "it installs"),
    ],
)
def test_a_page_that_cannot_be_followed(old, new, why):
    with pytest.raises(ValueError, match=why):
        document.read(PAGE.replace(old, new))


def test_the_page_can_be_followed():
    with open(lab.PAGE, encoding="utf-8") as file:
        found = document.read(file.read())
    assert [one.name for one in found] == ["mezzanine", "wagtail"]
    for one in found:
        for words in one.adopt + one.leave:
            if words[1:3] == ["-m", "deploy_conf"]:
                parser().parse_args(words[3:])


def test_a_site_that_is_not_on_the_page(capsys):
    with pytest.raises(SystemExit):
        lab.main(["drupal"])
    assert "drupal is not one of mezzanine, wagtail" in capsys.readouterr().err
