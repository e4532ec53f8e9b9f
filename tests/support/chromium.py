"""
Headless Chromium for tests, driven over its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time

import websocket

from tests.support import binaries

FLAGS = [
    "--headless",
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
]


class Browser(object):
    """One headless browser with an empty profile; a context manager."""

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        self.process = subprocess.Popen(
            [binaries.chromium()] + FLAGS + ["--user-data-dir=" + self.profile, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            errors="replace",
        )
        printed = []
        for line in self.process.stderr:
            printed.append(line)
            found = re.search(r"DevTools listening on (ws://\S+)", line)
            if found:
                break
        else:
            raise AssertionError("Chromium did not start:\n" + "".join(printed))
        # Its chatter must not fill the pipe.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)
        self.socket = websocket.create_connection(found.group(1), timeout=60)
        self.number = 0
        self.events = []
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
        self.drain.wait(20)
        self.process.stderr.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, session=None, **params):
        """One command's result; what happens meanwhile is kept in `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise DevToolsError(answer["error"]["message"])
                return answer["result"]
            self.events.append(answer)

    def page(self, width=1200, height=800, mobile=False):
        """A new tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(domain + ".enable")
        page.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        return page


class DevToolsError(Exception):
    """Chromium refused a command."""


class Page(object):
    """One tab."""

    def __init__(self, browser, target, session):
        self.browser = browser
        self.target = target
        self.session = session

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def goto(self, url):
        """Open a page and wait until it is loaded."""
        result = self.call("Page.navigate", url=url)
        assert "errorText" not in result, result["errorText"]
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression):
        """The JSON value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise DevToolsError(answer["exceptionDetails"]["exception"].get("description"))
        return answer["result"].get("value")

    def wait_for(self, expression, seconds=30):
        """The first true value of an expression; AssertionError with the page's text when late."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                value = self.evaluate(expression)
            except DevToolsError:  # between two pages
                value = None
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError("never true: %s\n%s" % (expression, self.story()))
            time.sleep(0.05)

    def story(self):
        """What a failed test should say of the page: `told` is what its streams told it."""
        shown = "document.body && document.body.innerText"
        told = "JSON.stringify(window.told) || ''"
        return "\n".join([str(self.evaluate(shown)), self.evaluate(told), str(self.errors())])

    def fill(self, selector, text):
        self.evaluate("document.querySelector(%s).value = %s" % (js(selector), js(text)))

    def click(self, selector):
        self.evaluate("document.querySelector(%s).click()" % js(selector))

    def text(self, selector):
        return self.evaluate("document.querySelector(%s).textContent" % js(selector))

    def offline(self, offline):
        """Cut the tab's network, or join it again."""
        self.call(
            "Network.emulateNetworkConditions",
            offline=offline,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(str(path), "wb") as file:
            file.write(base64.b64decode(data))

    def errors(self):
        """What the page's scripts and the browser complained about (a blocked script, say)."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(json.dumps(params["exceptionDetails"])[:500])
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] == "error":
                found.append(params["entry"]["text"])
        return found

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)


def js(value):
    """A Python value as a JavaScript literal."""
    return json.dumps(value)
