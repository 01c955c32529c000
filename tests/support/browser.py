"""Headless Chromium, driven by Playwright: what a page shows, logs and asks the network for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Tab:
    """One page of a browser, with what it told and asked for.

    Attributes:
        page: Playwright's page.
        complaints: What the console shows, and scripts that failed.
        requests: The URLs that were asked for.
    """

    def __init__(self, page: Page) -> None:
        self.page, self.complaints, self.requests = page, list[str](), list[str]()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path) -> None:
        """Show a page of ours and wait until its scripts are done."""
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.page.evaluate(script)

    def cells(self, name: str) -> list[list[str]]:
        """The table of an answer, as it is seen, without the titles of its columns."""
        table = f"document.querySelectorAll('#{name} tbody tr:not([hidden])')"
        found = self.evaluate(f"[...{table}].map(row => [...row.cells].map(c => c.textContent))")
        return [list(row) for row in found]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a new profile, ended afterwards."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[Tab]:
    """A new tab; the options are those of Playwright's `new_context`."""
    context = browser.new_context(**options)
    try:
        yield Tab(context.new_page())
    finally:
        context.close()
