"""For development, where GitHub cannot reach this machine: deliveries come by a channel such as one of smee.io.

No client for that is maintained in Python; the one that is comes by npm, and `npx` of Node.js runs it.
"""

import os
import shutil
import signal
import subprocess

from bot.errors import SettingsError
from bot.settings import Settings

CLIENT = "smee-client@5.0.0"


def command(settings: Settings, base: str) -> list[str]:
    """Return the command line that forwards deliveries to the web process at `base`.

    Raises
    ------
    SettingsError
        If no channel is set, or the client cannot be run; it tells what can be run elsewhere.
    """
    if not settings.webhook_proxy:
        raise SettingsError(["WEBHOOK_PROXY_URL: not set; https://smee.io/new makes a channel"])
    words = ["npx", "--yes", CLIENT, "--url", settings.webhook_proxy, "--target", f"{base}{settings.webhook_path}"]
    if shutil.which("npx") is None:
        advice = f"install Node.js 22, or take the setting away and run elsewhere: {' '.join(words)}"
        raise SettingsError([f"WEBHOOK_PROXY_URL: needs npx, which is not here; {advice}"])
    return words


def run(settings: Settings, base: str) -> None:
    """Forward deliveries until told to stop; ends with the client's own exit status."""
    client = subprocess.Popen(command(settings, base), stdin=subprocess.DEVNULL, process_group=0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.killpg(client.pid, signal.SIGTERM))  # npx, and what it started
    raise SystemExit(client.wait())
