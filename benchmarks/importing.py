"""Import a long past with the real process: once whole, once killed at three random points.

`--issues N` (20,000), `--seed N`. Pull requests are two fifths as many as issues, label events three times as many. The
stand-in refuses page numbers beyond 10,000 items.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.live.importing import Import, long_past
from tests.standin import StandIn


def main() -> int:
    """Do it, print what came of it, and fail where something was lost or read more often than need be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with StandIn() as github, tempfile.TemporaryDirectory() as folder:
        least = long_past(github, issues=args.issues, pulls=args.issues * 2 // 5, events=args.issues * 3)
        begun, whole = time.monotonic(), Import(github, Path(folder) / "whole")
        whole.run()
        asked, result, seconds = whole.requests(), whole.result(), time.monotonic() - begun
        kills = sorted(random.Random(args.seed).sample(range(1, least), 3))
        killed = Import(github, Path(folder) / "killed")
        killed.run(kills)
        same, twice = killed.result() == result, len(killed.twice())
    sizes = [f"{whole.size_after(share * least):.0f}" for share in (0.1, 0.5, 1)]
    sys.stdout.write(
        f"{asked} requests, {least} at least ({asked / least - 1:+.1%}), {seconds:.0f} s; "
        f"{', '.join(sizes)} MiB resident after a tenth of the pages, half of them, and all; "
        f"killed after {', '.join(map(str, kills))} pages: {'the same' if same else 'another'} result, "
        f"{twice} pages read twice\n"
    )
    return 0 if same and twice <= len(kills) and asked <= 1.05 * least else 1


if __name__ == "__main__":
    sys.exit(main())
