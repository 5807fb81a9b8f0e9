"""Resident memory of each process of `up`, idle, after a model has been loaded and has labelled an issue."""

import sys
import time

import psutil

from benchmarks.latency import MODES, send
from benchmarks.setting import bot, champion, issues
from tests.standin import StandIn

MIB = 1024 * 1024


def main() -> int:
    """Measure and print."""
    earlier, later = issues()
    with StandIn() as github, bot(github, champion(earlier[-400:]), **MODES) as up:
        send(github, up, later[:50])
        time.sleep(5)
        assert up.process is not None
        boss = psutil.Process(up.process.pid)
        sizes = {each.cmdline()[3]: each.memory_info().rss / MIB for each in [boss, *boss.children()]}
    for name, size in sizes.items():
        sys.stdout.write(f"{name}: {size:.0f} MiB\n")
    sys.stdout.write(f"all: {sum(sizes.values()):.0f} MiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
