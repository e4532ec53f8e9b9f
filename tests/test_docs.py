"""What the documents name is there: pages, links, paths, make targets."""

import glob
import os
import re

import pytest

from tests.support import CHECKOUT

pytestmark = pytest.mark.source
ROOTS = ("compat/", "deploy/", "deploy_conf/", "devops/", "tests/", "docs/", ".ci/")


def read(page):
    with open(os.path.join(CHECKOUT, page), encoding="utf-8") as file:
        return file.read()


def pages():
    found = glob.glob(os.path.join(CHECKOUT, "*.md"))
    found += glob.glob(os.path.join(CHECKOUT, "docs", "**", "*.md"), recursive=True)
    return sorted(os.path.relpath(path, CHECKOUT) for path in found)


def without_code(text):
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)


def anchors(page):
    """The names of a page's headings, as they are made of them on the web."""
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", without_code(read(page)), re.M):
        words = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page):
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(read(page))):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(os.path.join(CHECKOUT, target)):
            lost.append(link)
        elif anchor and anchor not in anchors(target):
            lost.append(link)
    assert lost == []


# The changelog tells of what was.
@pytest.mark.parametrize("page", sorted(set(pages()) - {"CHANGELOG.md"}))
def test_paths_are_there(page):
    """Only what is written as a path from the top of the checkout; `<…>` and `*` stand for any."""
    lost = []
    for path in re.findall(r"`([\w./<>*-]+)`", without_code(read(page))):
        if path.startswith(ROOTS) and not path.startswith("deploy/deploy"):
            pattern = re.sub(r"<[^>]*>", "*", path)
            pattern = os.path.join(CHECKOUT, pattern)
            if not glob.glob(pattern) and not os.path.exists(pattern + ".py"):
                lost.append(path)
    assert lost == []


@pytest.mark.parametrize("page", pages())
def test_commands_are_there(page):
    text = read(page)
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    named = set(re.findall(r"(?:^|`)(?:\w+=\S+ )*make ([a-z-]+)", text, re.M))
    modules = set(re.findall(r"python -m ((?:tests|compat|deploy_conf)[\w.]*)", text))
    lost = sorted(named - targets)
    for module in sorted(modules):
        path = os.path.join(CHECKOUT, *module.split("."))
        if not (os.path.exists(path + ".py") or os.path.exists(os.path.join(path, "__main__.py"))):
            lost.append(module)
    assert lost == []


def test_every_page_is_on_the_map():
    index = read(os.path.join("docs", "index.md"))
    linked = {
        os.path.normpath(os.path.join("docs", link))
        for link in re.findall(r"\]\(([^)#]+)\)", index)
    }
    there = {page for page in pages() if page.startswith("docs") and page != "docs/index.md"}
    assert there - linked == set()


def test_pre_commit_has_the_linter_of_ci():
    (pinned,) = re.findall(r"^ruff==(\S+)", read(os.path.join(".ci", "requirements.txt")), re.M)
    assert re.findall(r"^ +rev: v(\S+)$", read(".pre-commit-config.yaml"), re.M) == [pinned]


def code_blocks(text):
    """The fenced blocks as (language, lines without comments)."""
    found = []
    for language, code in re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.M | re.S):
        lines = [re.sub(r"\s+# .*", "", line).strip() for line in code.splitlines()]
        found.append((language, lines))
    return found


def outline(text):
    """The levels of the headings, and the code in the first column of each table's row."""
    prose = without_code(text)
    rows = re.findall(r"^\| *([^|]*?) *\|", prose, re.M)
    codes = [re.findall(r"`([^`]+)`", row) for row in rows]
    return re.findall(r"^#+(?= )", prose, re.M), [code for code in codes if code]


@pytest.mark.parametrize("page", [page for page in pages() if page.endswith(".zh-CN.md")])
def test_the_chinese_page_is_in_step(page):
    chinese, english = read(page), read(page.replace(".zh-CN.md", ".md"))
    assert code_blocks(chinese) == code_blocks(english)
    assert outline(chinese) == outline(english)
    numbers = r"(?<![\w.])\d[\d,.]*\d(?!\w)"  # of two digits and more
    told = set(re.findall(numbers, without_code(chinese)))
    assert set(re.findall(numbers, without_code(english))) - told == set()
    # Between Chinese characters a line break would show as a blank.
    assert (
        re.findall(r"[\u3000-\u9fff\uff00-\uffef]\n *[\u3000-\u9fff\uff00-\uffef]", chinese) == []
    )
