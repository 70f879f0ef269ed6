"""Shows pages in headless Chromium, without a network.

Chromium knows no window under 500 pixels: a narrower one is a frame in a page of its own."""

import os
import shutil
import subprocess
import tempfile

NAMES = ("chromium", "chromium-browser", "google-chrome")
# The pages are our own, and containers lack what the sandbox needs. Nothing outside is ever reached.
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9")


def find():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def show(*flags, timeout=240):
    """Runs Chromium with a profile that is thrown away; returns what it prints."""
    with tempfile.TemporaryDirectory() as profile:
        environment = {**os.environ, "HOME": profile, "XDG_CONFIG_HOME": profile, "XDG_CACHE_HOME": profile}
        done = subprocess.run([find(), *FLAGS, f"--user-data-dir={profile}", *flags], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    return done.stdout.decode("utf-8", "replace")


def document(page, fragment=""):
    """The page's HTML after its scripts."""
    return show("--dump-dom", "--window-size=1280,900", f"file://{page}#{fragment}")


def picture(page, target, width, height):
    """A PNG of the page's first `height` pixels at a window of this width."""
    with tempfile.TemporaryDirectory() as folder:
        shown = page
        if width < 500:
            shown = os.path.join(folder, "frame.html")
            with open(shown, "w", encoding="utf-8") as file:
                file.write(f'<body style="margin:0"><iframe style="border:0" width="{width}" height="{height}" '
                           f'src="file://{page}"></iframe>')
        show(f"--screenshot={target}", f"--window-size={width},{height}", f"file://{shown}")


def print_page(page, target):
    """A PDF of the page as it prints."""
    show(f"--print-to-pdf={target}", "--no-pdf-header-footer", f"file://{page}")
