"""streams.js as others take it: an ES module, a package of npm's, types, and for old browsers."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

import compat
from tests.support import binaries, module_twin
from tests.support.fixtures import or_skip

FOLDER = module_twin.FOLDER
TOOLS = os.path.join(sys.prefix, "lint", "node_modules")  # `make lint` installs them, where npm is


def tool(*path):
    """A file of a package of npm's; skips where it is not installed."""
    or_skip(binaries.node)
    found = os.path.join(TOOLS, *path)
    if not os.path.exists(found):
        pytest.skip(f"{path[0]} is not installed (make lint)")
    return found


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def test_the_module_is_made_of_the_script():
    assert read("streams.module.js") == module_twin.text(), "run `make docs`"


NEWER = r"=>|`|\?\.|\?\?|\.\.\.|\*\*|\b(let|const|class|async|await|yield|for\s*\([^;)]* of )\b"


def test_its_syntax_is_that_of_old_browsers():
    """Without its comments and texts there is nothing of after ES5; a parser says so, too."""
    code = re.sub(r"(^|\s)//.*", "", read("streams.js"))
    code = re.sub(r'"[^"\n]*"', '""', code)
    assert re.findall(NEWER, code) == []
    for newer in ("a => b", "let a", "a?.b", "a ?? b", "class A", "[...a]", "`a`"):
        assert re.search(NEWER, newer)


PARSE = """
const acorn = require(%s), fs = require("fs");
const [script, module, newer] = JSON.parse(fs.readFileSync(0));
acorn.parse(script, { ecmaVersion: 5, sourceType: "script" });
// import and import.meta, which the browsers of 2019 have, are of later editions.
acorn.parse(module.replace("import.meta.url", "''"), { ecmaVersion: 6, sourceType: "module" });
try { acorn.parse(newer, { ecmaVersion: 5 }); } catch (error) { console.log("fine"); }
"""


def test_a_parser_of_old_javascript_takes_it():
    program = PARSE % json.dumps(tool("acorn", "dist", "acorn.js"))
    sources = json.dumps([read("streams.js"), read("streams.module.js"), "a?.b"])
    command = [binaries.node(), "-e", program]
    assert subprocess.check_output(command, input=sources.encode()) == b"fine\n"


USES = """
import Streams, { connect, follow, isFinal, Connection, State, Subscription } from "./streams";

const live: Connection = connect({ worker: true, onState: (state: State, code?: number) => {} });
const news: Subscription = live.subscribe<{ text: string }>("news", {
  since: "e1:7",
  onEntries: (first, bodies) => { const text: string = bodies[first].text; },
  onError: (code, detail) => code.concat(detail),
});
const since: number | "latest" = news.since();
const one = follow({ url: "/ws/news/", since: "latest", epoch: null, onGap: (old) => old + 1,
  onPresence: (count, who) => { const text: string = count.toFixed() + who[0].name; } });
const sent: boolean = one.send({ message: "hello" }) && isFinal(4501);
Streams.connect().close();
window.Streams.follow({ url: "/ws/" }).close();
"""
WRONG = [
    "connect({ wroker: true });",
    "follow({ since: 0 });",
    "live.subscribe('news');",
    "live.subscribe('news', { since: true });",
    "news.since() + news.state();",
    "connect({ onState: (state: 'opened') => {} });",
]


def test_types(tmp_path):
    tsc = tool("typescript", "bin", "tsc")
    shutil.copy(os.path.join(FOLDER, "streams.d.ts"), str(tmp_path))
    (tmp_path / "uses.ts").write_text(USES)
    (tmp_path / "wrong.ts").write_text(USES + "\n".join(WRONG))
    command = [binaries.node(), tsc, "--noEmit", "--strict", "--skipLibCheck", "--pretty", "false"]
    command += ["--target", "ES2018", "--module", "ES2015", "--moduleResolution", "node"]
    done = subprocess.run(
        command + ["uses.ts", "wrong.ts"], cwd=str(tmp_path), stdout=subprocess.PIPE
    )
    lines = done.stdout.decode().splitlines()
    start = USES.count("\n") + 1
    found = {int(re.match(r"wrong\.ts\((\d+),", line).group(1)) for line in lines if line[0] != " "}
    assert found == set(range(start, start + len(WRONG))), done.stdout.decode()


def test_npm_makes_a_package_of_it(tmp_path):
    package = json.loads(read("package.json"))
    assert package["version"] == compat.__version__
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    command = ["npm", "pack", "--json", "--offline", "--pack-destination", str(tmp_path), FOLDER]
    environ = dict(os.environ, npm_config_cache=str(tmp_path / "cache"))
    said = subprocess.check_output(command, cwd=str(tmp_path), env=environ)
    (packed,) = json.loads(said.decode())
    assert sorted(file["path"] for file in packed["files"]) == [
        "package.json", "streams.d.ts", "streams.js", "streams.module.js",
    ]  # fmt: skip
    assert os.path.exists(str(tmp_path / packed["filename"]))
    named = [package["main"], package["module"], package["types"]]
    assert {os.path.basename(name) for name in named} <= set(os.listdir(FOLDER))
