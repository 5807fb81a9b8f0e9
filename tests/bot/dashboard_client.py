"""Steps that tests of the dashboard share: fill the database, sign in, read a page."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from bot import auth
from bot.database import Database
from bot.models import Repository
from tests.bot.dashboard_data import NOW, repository

PAGE = "/repositories/northwind/kettle"
PICTURE = f"{PAGE}/accuracy.svg"


class Clock:
    now = NOW

    def __call__(self):
        return self.now


def tell_next(_session: Session, repo: Repository) -> str:
    return f"{repo.full_name} after 22 more labels"


def sign_in(client: FlaskClient, database: Database, **options: object):
    with database.write() as session:
        token = auth.create_link(session, now=NOW)
    return client.post(f"/sign-in/{token}", **options)


def fill(database: Database, *builders: Callable[[Session], object]) -> None:
    with database.write() as session:
        repository(session)
        for build in builders:
            build(session)


def text_of(client: FlaskClient, path: str = PAGE) -> str:
    """Return what a page says, without its tags, on one line."""
    answer = client.get(path)
    assert answer.status_code == 200
    bare = re.sub(r"<[^>]+>", " ", answer.text).replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")
    return re.sub(r"\s+", " ", bare)
