"""A stand-in for GitHub: a stateful HTTP server on loopback that PyGithub and the bot take for the real one."""

from tests.standin.faults import Logged
from tests.standin.server import SECRET, StandIn
from tests.standin.webhooks import Delivery, posting_to, sign

__all__ = ["SECRET", "Delivery", "Logged", "StandIn", "posting_to", "sign"]
