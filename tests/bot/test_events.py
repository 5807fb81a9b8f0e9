import json

import pytest

from bot import events
from bot.errors import DeliveryError, SignatureError

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
HEADERS = {"X-GitHub-Delivery": "d1", "X-GitHub-Event": "issues"}


def test_githubs_own_test_vector_is_accepted() -> None:
    events.verify(SECRET, BODY, SIGNATURE)


@pytest.mark.parametrize(
    "signature",
    [None, "", SIGNATURE[:-1] + "8", SIGNATURE.removeprefix("sha256="), "sha1=" + "0" * 40, "sha256=", "sha256=é"],
)
def test_any_other_signature_is_refused_with_401(signature: str | None) -> None:
    with pytest.raises(SignatureError) as caught:
        events.verify(SECRET, BODY, signature)
    assert caught.value.status == 401


def test_nothing_is_accepted_without_a_secret() -> None:
    import hmac

    with pytest.raises(SignatureError, match="no webhook secret"):
        events.verify("", BODY, "sha256=" + hmac.new(b"", BODY, "sha256").hexdigest())


def test_a_delivery_is_parsed() -> None:
    body = json.dumps({"action": "opened", "repository": {"id": 7}}).encode()
    envelope = events.parse(HEADERS, body)
    assert (envelope.id, envelope.event, envelope.action, envelope.repository_id) == ("d1", "issues", "opened", 7)
    assert envelope.handled


@pytest.mark.parametrize(
    ("event", "action"), [("ping", None), ("issues", "pinned"), ("star", "created"), ("issues", None)]
)
def test_an_event_we_do_not_use_is_not_handled(event: str, action: str | None) -> None:
    body = json.dumps({"action": action}).encode()
    assert not events.parse({**HEADERS, "X-GitHub-Event": event}, body).handled


@pytest.mark.parametrize("body", [b"", b"payload=%7B%7D", b"\xff\xfe", b"[]", b"1", b"null", b"[" * 100_000])
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(DeliveryError, match="the body is") as caught:
        events.parse(HEADERS, body)
    assert caught.value.status == 400


@pytest.mark.parametrize("missing", ["X-GitHub-Delivery", "X-GitHub-Event"])
def test_a_missing_header_is_named(missing: str) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    with pytest.raises(DeliveryError, match=f"the {missing} header is missing"):
        events.parse(headers, b"{}")


def test_an_overlong_delivery_id_is_refused() -> None:
    with pytest.raises(DeliveryError, match="at most 64"):
        events.parse({**HEADERS, "X-GitHub-Delivery": "x" * 65}, b"{}")
