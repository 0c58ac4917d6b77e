"""Headless Chromium, driven through its debugging pipe: what a page asks for and complains of."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
    # no name is ever looked up: what a page asks of the network fails and is seen
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
_TIMEOUT_S = 60.0


def chromium() -> str | None:
    """Path of Chromium, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


@dataclass
class Page:
    """What was seen of a page."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    screenshot: bytes = b""


def _moved(descriptor: int) -> int:
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return copy


class _Pipe:
    """Messages of the DevTools protocol, each ended by a zero byte."""

    def __init__(self, binary: str, profile: Path) -> None:
        to_read, self._to_write = os.pipe()
        self._from_read, from_write = os.pipe()
        # the child finds its ends at 3 and 4, so they mustn't be there already
        to_read, from_write = _moved(to_read), _moved(from_write)

        def connect() -> None:
            os.dup2(to_read, 3)
            os.dup2(from_write, 4)

        self.process = subprocess.Popen(
            [binary, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=connect, env={**os.environ, "HOME": str(profile)},
        )  # fmt: skip
        os.close(to_read)
        os.close(from_write)
        self._rest, self._number = b"", 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Send a command and return its answer; events that come meanwhile are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._to_write, json.dumps(message).encode() + b"\0")
        return self._until(lambda answer: answer.get("id") == self._number)

    def wait(self, method: str) -> None:
        """Wait for an event."""
        if not any(event["method"] == method for event in self.events):
            self._until(lambda message: message.get("method") == method)

    def _until(self, wanted: Any) -> dict[str, Any]:
        end = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < end:
            while b"\0" not in self._rest:
                part = os.read(self._from_read, 1 << 20)
                if not part:
                    raise RuntimeError("Chromium ended")
                self._rest += part
            text, self._rest = self._rest.split(b"\0", 1)
            message: dict[str, Any] = json.loads(text)
            if "method" in message:
                self.events.append(message)
            if wanted(message):
                return message
        raise TimeoutError("Chromium does not answer")

    def close(self) -> None:
        """End the browser."""
        os.close(self._to_write)
        os.close(self._from_read)
        self.process.kill()
        self.process.wait()


def look_at(
    page: Path, profile: Path, *scripts: str, width: int = 1100, media: str = "screen"
) -> Page:
    """Open a file in Chromium, run scripts in it and take a picture of the whole page."""
    binary = chromium()
    assert binary is not None
    pipe, seen = _Pipe(binary, profile), Page()
    try:
        target = pipe.call("Target.createTarget", url="about:blank")["result"]["targetId"]
        attached = pipe.call("Target.attachToTarget", targetId=target, flatten=True)
        session = attached["result"]["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            pipe.call(f"{domain}.enable", session)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        pipe.call("Emulation.setDeviceMetricsOverride", session, **size)
        pipe.call("Emulation.setEmulatedMedia", session, media=media)
        pipe.events.clear()
        pipe.call("Page.navigate", session, url=page.as_uri())
        pipe.wait("Page.loadEventFired")
        for script in scripts:
            answer = pipe.call("Runtime.evaluate", session, expression=script, returnByValue=True)
            seen.results.append(answer["result"]["result"].get("value"))
        shot = pipe.call("Page.captureScreenshot", session, captureBeyondViewport=True)
        seen.screenshot = base64.b64decode(shot["result"]["data"])
    finally:
        pipe.close()
    for event in pipe.events:
        params = event["params"]
        if event["method"] == "Network.requestWillBeSent":
            seen.requests.append(params["request"]["url"])
        elif event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown",
                                 "Runtime.consoleAPICalled"):  # fmt: skip
            seen.complaints.append(json.dumps(params))
    return seen
