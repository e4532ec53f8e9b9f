"""Scripts of the pages that need no page, in whatever runs JavaScript here."""

import json
import shutil
import subprocess

from . import chromium


def evaluate(scripts, expression):
    """
    The value of an expression after some scripts (paths) were run, in Node or Chromium.

    None where neither is installed.
    """
    node = shutil.which("node") or shutil.which("nodejs")
    sources = []
    for path in scripts:
        with open(path, encoding="utf-8") as file:
            sources.append(file.read())
    if node is not None:
        # As scripts, not as modules: `this` is the global object, as in a page.
        program = "const vm = require('vm'); const {sources, expression} = JSON.parse(%s);" % (
            json.dumps(json.dumps({"sources": sources, "expression": expression}))
        )
        program += "for (const source of sources) vm.runInThisContext(source);"
        program += "console.log(JSON.stringify(vm.runInThisContext(expression)));"
        done = subprocess.run([node, "-"], input=program.encode(), stdout=subprocess.PIPE)
        assert done.returncode == 0
        return json.loads(done.stdout.decode())
    if chromium.find() is None:
        return None
    with chromium.Browser() as browser:
        page = browser.page()
        for source in sources:
            page.evaluate(source + "; null")
        return page.evaluate(expression)
