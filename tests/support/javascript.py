"""Scripts of the pages that need no page, in whatever runs JavaScript here."""

import json
import subprocess

from tests.support import binaries, chromium


def evaluate(scripts, expression):
    """
    The value of an expression after some scripts (paths) were run, in Node or Chromium.

    binaries.Missing where neither is installed.
    """
    sources = []
    for path in scripts:
        with open(path, encoding="utf-8") as file:
            sources.append(file.read())
    if binaries.is_here(binaries.node):
        # As scripts, not as modules: `this` is the global object, as in a page.
        program = "const vm = require('vm'); const {sources, expression} = JSON.parse(%s);" % (
            json.dumps(json.dumps({"sources": sources, "expression": expression}))
        )
        program += "for (const source of sources) vm.runInThisContext(source);"
        program += "console.log(JSON.stringify(vm.runInThisContext(expression)));"
        done = subprocess.run(
            [binaries.node(), "-"], input=program.encode(), stdout=subprocess.PIPE
        )
        assert done.returncode == 0
        return json.loads(done.stdout.decode())
    with chromium.Browser() as browser:
        page = browser.page()
        for source in sources:
            page.evaluate(source + "; null")
        return page.evaluate(expression)
