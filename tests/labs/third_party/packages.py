"""Which packages are checked, and how the suite that each one's sdist carries is run."""

import collections

DJANGO = ["-m", "django", "test", "--noinput", "--testrunner=django_suite_runner.Runner"]
PYTEST = ["-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short"]
PYTEST += ["--continue-on-collection-errors"]

# version: the last for Django 1.11, pinned in requirements.txt as well.
# command: the arguments of Python, run in the unpacked sdist's folder `cwd`; what a suite needs
# of its environment is in `env`.
# tests: a folder of the sdist that is there when it carries its suite.
# uses: a program of `uses/` that is run when it carries none.
Package = collections.namedtuple("Package", "name version command cwd env tests uses redis")


def package(name, version, command, cwd=".", env=(), tests="tests", uses="", redis=False):
    return Package(name, version, command, cwd, dict(env), tests, uses, redis)


PACKAGES = [
    package(
        "djangorestframework",
        "3.11.2",
        PYTEST + ["tests"],
        uses="djangorestframework.py",
    ),
    package(
        "django-filter",
        "2.2.0",
        DJANGO + ["tests"],
        env={"DJANGO_SETTINGS_MODULE": "tests.settings"},
    ),
    package(
        "django-debug-toolbar",
        "1.11.1",
        DJANGO + ["tests"],
        env={"DJANGO_SETTINGS_MODULE": "tests.settings"},
    ),
    package(
        "django-redis",
        "4.11.0",
        DJANGO,
        cwd="tests",
        env={"DJANGO_SETTINGS_MODULE": "django_redis_settings"},
        redis=True,
    ),
    package(
        "django-extensions",
        "2.2.9",
        # Its setup.cfg has doctests of every module collected as well.
        # test_pipchecker installs packages into the environment.
        PYTEST
        + ["--ds=tests.testapp.settings", "tests", "django_extensions"]
        + ["--ignore=tests/management/commands/test_pipchecker.py"],
    ),
    package(
        "celery",
        "4.4.7",
        # test_s3 needs moto, a hundred packages for two classes. pytest would import celery, which
        # has a plugin of its, past the bridge to rewrite assertions that are not there.
        PYTEST + ["t/unit", "--assert=plain", "--ignore=t/unit/backends/test_s3.py"],
        tests="t/unit",
        env={"C_FORCE_ROOT": "1"},  # run by root, its worker ends the process otherwise
    ),
]
