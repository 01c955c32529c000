"""Headless Chromium, spoken to over its pipe: what a page draws, logs and asks the network for."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)

#: Chromium looks for its pipe at the descriptors 3 and 4
LAUNCHER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One tab. `events` has what the browser told by itself: method and parameters."""

    def __init__(self, commands: int, answers: int) -> None:
        self.commands, self.answers = commands, answers
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.sent, self.rest, self.tab = 0, b"", None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.tab = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self.sent += 1
        message: dict[str, Any] = {"id": self.sent, "method": method, "params": parameters}
        if self.tab:
            message["sessionId"] = self.tab
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while (answer := self.receive()).get("id") != self.sent:
            self.events.append((answer.get("method", ""), answer.get("params", {})))
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def receive(self) -> dict[str, Any]:
        """The next message."""
        while b"\0" not in self.rest:
            read = os.read(self.answers, 1 << 20)
            assert read, "the browser is gone"
            self.rest += read
        message, _, self.rest = self.rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def open(self, path: Path) -> None:
        """Show a file and wait until it is drawn."""
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            message = self.receive()
            self.events.append((message.get("method", ""), message.get("params", {})))

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def media(self, **features: str) -> None:
        """Pretend other media: `scheme` light or dark, `media` print."""
        scheme = {"name": "prefers-color-scheme", "value": features.get("scheme", "light")}
        self.call("Emulation.setEmulatedMedia", media=features.get("media", ""), features=[scheme])

    def screenshot(self, path: Path, width: int = 1280) -> None:
        """Draw the whole page into a PNG file."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        drawn = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(drawn["data"]))

    def requests(self) -> list[str]:
        """The URLs that were asked for."""
        sent = [p for method, p in self.events if method == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]

    def complaints(self) -> list[dict[str, Any]]:
        """What the console shows, and scripts that failed."""
        told = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [parameters for method, parameters in self.events if method in told]


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser with a new profile, ended afterwards."""
    assert CHROMIUM
    theirs, commands = os.pipe()
    answers, ours = os.pipe()
    pipe = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs, ours)]
    start = [sys.executable, "-c", LAUNCHER, *map(str, pipe), CHROMIUM, *FLAGS]
    with (profile / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            [*start, f"--user-data-dir={profile}"], stdout=log, stderr=log, pass_fds=pipe
        )
    for end in pipe:
        os.close(end)
    os.close(theirs)
    os.close(ours)
    try:
        yield Browser(commands, answers)
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)
