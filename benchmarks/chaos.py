"""Kill processes of `up` at random while deliveries stream in; count what was lost and what was written twice.

`--kills N` (20), `--deliveries N` (500), `--seed N`.
"""

import argparse
import random
import sys
import time
from collections import Counter
from contextlib import suppress

import psutil
from sqlalchemy import func, select

from benchmarks.setting import NAME, bot, champion, issues
from bot.models import Delivery, Prediction, Work
from tests.live.process import Up, until
from tests.standin import StandIn

MODES = {"ISSUE_TAGGER_MODE": "apply", "ISSUE_TAGGER_APPLY_PRECISION": "0.7", "ISSUE_TAGGER_LEASE_SECONDS": "15"}


def main() -> int:
    """Do it, print what came of it, and fail if anything was lost or written twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--deliveries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    earlier, later = issues()
    model = champion(earlier[-400:])
    with StandIn() as github, bot(github, model, **MODES) as up:
        github.webhooks.background = github.webhooks.persistent = True
        for issue in (later * 3)[: args.deliveries]:
            github.people.open_issue(NAME, issue.title, body=issue.body)
        victims = kill(up, args.kills, random.Random(args.seed))
        github.webhooks.drain()
        until(lambda: unfinished(up) == 0, "all deliveries are handled", timeout=600, every=0.5)
        return verdict(github, up, victims)


def kill(up: Up, times: int, chance: random.Random) -> Counter[str]:
    """Kill a random process every few seconds; the supervisor is started again when it was the one."""
    victims: Counter[str] = Counter()
    while victims.total() < times:
        time.sleep(chance.uniform(1, 6))
        with suppress(psutil.Error):
            assert up.process is not None
            boss = psutil.Process(up.process.pid)
            victim = chance.choice([boss, *boss.children()])
            name = "supervisor" if victim is boss else victim.cmdline()[3]
            victim.kill()
            victims[name] += 1
            if victim is boss:
                up.process.wait()
        up.start()
    return victims


def unfinished(up: Up) -> int:
    up.start()
    with up.database.read() as session:
        waiting = Delivery.status.in_([Work.QUEUED, Work.RUNNING])
        return session.scalar(select(func.count()).select_from(Delivery).where(waiting)) or 0


def verdict(github: StandIn, up: Up, victims: Counter[str]) -> int:
    """Compare what was answered 202 with what was handled, and look for what was written twice."""
    opened = [each for each in github.webhooks.sent if each.event == "issues" and each.payload["action"] == "opened"]
    accepted = {each.id for each in opened if each.accepted}
    with up.database.read() as session:
        handled = set(session.scalars(select(Prediction.delivery_id)))
        failed = session.scalars(select(Delivery.last_error).where(Delivery.status == Work.FAILED)).all()
    labels, comments = Counter[tuple[str, str]](), Counter[str]()
    for each in github.requests("POST"):
        if each.path.endswith("/labels") and each.body:
            labels.update((each.path, name) for name in each.body)
        if each.path.endswith("/comments"):
            comments[each.path] += 1
    twice = sum(count > 1 for count in (*labels.values(), *comments.values()))
    retried = sum(len(each.statuses) > 1 for each in github.webhooks.sent)
    lost = len(accepted - handled)
    sys.stdout.write(
        f"{victims.total()} kills {dict(victims)}; {len(opened)} deliveries, {len(accepted)} answered 202, "
        f"{retried} sent more than once; {lost} lost, {len(failed)} failed; "
        f"{len(labels)} labels and {len(comments)} comments written, {twice} of them twice\n"
    )
    for error in set(failed):
        sys.stdout.write(f"  {error}\n")
    return 1 if lost or twice or failed or len(accepted) < len(opened) else 0


if __name__ == "__main__":
    sys.exit(main())
