import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.errors import SettingsError
from bot.models import Mode
from bot.settings import Settings, load

NO_FILE = Path("there-is-no-such-file")
PEM = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n"


def problems(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ, NO_FILE)
    return caught.value.problems


def test_nothing_has_to_be_set() -> None:
    assert load({}, NO_FILE) == Settings()
    assert Settings().database_url == "sqlite:///.data/issue-tagger.sqlite3"


def test_every_problem_is_listed_at_once() -> None:
    found = problems(PORT="http", LOG_LEVEL="loud", ISSUE_TAGGER_MODE="always", APP_ID="x")
    assert [problem.split(":")[0] for problem in found] == [
        "APP_ID",
        "PRIVATE_KEY or PRIVATE_KEY_PATH",
        "WEBHOOK_SECRET",
        "PORT",
        "LOG_LEVEL",
        "ISSUE_TAGGER_MODE",
    ]


@pytest.mark.parametrize("missing", ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"])
def test_half_an_app_is_refused(missing: str) -> None:
    whole = {"APP_ID": "1", "PRIVATE_KEY": PEM, "WEBHOOK_SECRET": "secret"}
    assert load(whole, NO_FILE).app is not None
    (found,) = problems(**{name: value for name, value in whole.items() if name != missing})
    assert found.startswith(missing)


@pytest.mark.parametrize("secret", ["", "   "])
def test_an_empty_secret_is_no_secret(secret: str) -> None:
    (found,) = problems(APP_ID="1", PRIVATE_KEY=PEM, WEBHOOK_SECRET=secret)
    assert found.startswith("WEBHOOK_SECRET: not set")


def test_private_key_is_read_however_it_is_given(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    (tmp_path / "key.pem").write_text(pem)
    for given in (
        {"PRIVATE_KEY": pem},
        {"PRIVATE_KEY": pem.replace("\n", "\\n")},
        {"PRIVATE_KEY": base64.b64encode(pem.encode()).decode()},
        {"PRIVATE_KEY_PATH": str(tmp_path / "key.pem")},
    ):
        app = load({"APP_ID": "1", "WEBHOOK_SECRET": "secret", **given}, NO_FILE).app
        assert app is not None
        assert app.private_key.strip() == pem.strip()


def test_missing_key_file_is_named(tmp_path: Path) -> None:
    (found,) = problems(APP_ID="1", WEBHOOK_SECRET="s", PRIVATE_KEY_PATH=str(tmp_path / "absent.pem"))
    assert "absent.pem' cannot be read" in found


def test_environment_wins_over_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=4000\nHOST=localhost\n")
    settings = load({"PORT": "5000"}, tmp_path / ".env")
    assert (settings.port, settings.host) == (5000, "localhost")


@pytest.mark.parametrize("name", ["ISSUE_TAGGER_APLY_PRECISION", "ISSUE_TAGGER_"])
def test_misspelt_setting_is_told(name: str) -> None:
    (found,) = problems(**{name: "0.9"})
    assert found.startswith(f"{name}: there is no such setting")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ISSUE_TAGGER_APLY_PRECISION", "did you mean ISSUE_TAGGER_APPLY_PRECISION?"),
        ("ISSUE_TAGGER_PORT", "did you mean PORT?"),
        ("ISSUE_TAGGER_XYZZY", "see README, Configuration"),
    ],
)
def test_setting_that_was_meant_is_named(name: str, meant: str) -> None:
    (found,) = problems(**{name: "0.9"})
    assert found == f"{name}: there is no such setting; {meant}"


def test_setting_that_env_file_has_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=4000\nHOST=localhost\n\nPORT=5000\n")
    with pytest.raises(SettingsError) as raised:
        load({}, tmp_path / ".env")
    assert raised.value.problems == [f"{tmp_path / '.env'}, line 4: PORT is set on line 1 already; keep one"]


def test_end_of_a_key_without_quotes_is_not_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PRIVATE_KEY=-----BEGIN\nAbCdSecret==\nAbCdSecret==\n")
    with pytest.raises(SettingsError) as raised:
        load({}, tmp_path / ".env")
    assert f"{tmp_path / '.env'}, line 3: what is set here is set on line 2 already; keep one" in raised.value.problems
    assert "Secret" not in str(raised.value)


def test_misspelt_setting_in_env_file_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('HOST="a\nb"\n\n# of GitHub\nexport WEBHOOK_SECRETS=x\nPORTT=1\n')
    with pytest.raises(SettingsError) as caught:
        load({"ISSUE_TAGGER_MOOD": "apply"}, tmp_path / ".env")
    assert [each.partition(": there is no such setting")[0] for each in caught.value.problems] == [
        "ISSUE_TAGGER_MOOD",
        f"{tmp_path / '.env'}, line 6: PORTT",
        f"{tmp_path / '.env'}, line 5: WEBHOOK_SECRETS",
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ISSUE_TAGGER_MODE apply", ".env, line 3: ISSUE_TAGGER_MODE is not followed by = and a value; "),
        ("ISSUE_TAGGER_MODE", ".env, line 3: ISSUE_TAGGER_MODE is not followed by = and a value; "),
        ("WEBHOOK_SECRET: hush", ".env, line 3: WEBHOOK_SECRET is not followed by = and a value; "),
        ("hush hush", ".env, line 3: this is not a setting; "),
        ("hush+/hush==", ".env, line 3: this is not a setting; "),
    ],
)
def test_line_of_env_file_that_sets_nothing_is_told(
    tmp_path: Path, line: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".env").write_text(f"HOST=localhost\n\n{line}\nPORT=http\n")
    with pytest.raises(SettingsError) as caught:
        load({}, tmp_path / ".env")
    first, second = caught.value.problems
    assert first.startswith(str(tmp_path / told))
    assert first.endswith("a value of many lines goes in double quotes")
    assert second.startswith("PORT: ")
    assert "hush" not in first
    assert not caplog.records


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "٣"),
        ("ISSUE_TAGGER_APPLY_PRECISION", "1"),
        ("ISSUE_TAGGER_APPLY_PRECISION", "nan"),
        ("ISSUE_TAGGER_APPLY_PRECISION", "90%"),
        ("ISSUE_TAGGER_RETRAIN_DAYS", "0"),
        ("ISSUE_TAGGER_REMOVED_DAYS", "2"),
        ("ISSUE_TAGGER_METHOD", "magic"),
        ("WEBHOOK_PATH", "hooks"),
        ("LOG_FORMAT", "xml"),
        ("GHE_HOST", "https://github.example.com"),
        ("WEBHOOK_PROXY_URL", "http://smee.example.com/abc"),
        ("GITHUB_API_URL", "http://github.example.com"),
        ("DATABASE_URL", "mysql://db"),
        ("REDIS_URL", "localhost:6379"),
        ("GITHUB_API_URL", "http://localhost.example.com"),
        ("GITHUB_API_URL", "http://127.0.0.1.example.com/api"),
        ("GITHUB_API_URL", "https://"),
        ("GITHUB_API_URL", "https://github example.com"),
        ("WEBHOOK_PATH", "/<path>"),
        ("WEBHOOK_PATH", "/a b"),
    ],
)
def test_value_that_cannot_be_used_is_told(name: str, value: str) -> None:
    (found,) = problems(**{name: value})
    assert found.startswith(f"{name}: ")


def test_suggesting_cannot_ask_for_more_than_applying() -> None:
    (found,) = problems(ISSUE_TAGGER_APPLY_PRECISION="0.7", ISSUE_TAGGER_SUGGEST_PRECISION="0.8")
    assert "must not be above" in found


def test_values_are_converted() -> None:
    settings = load({"ISSUE_TAGGER_MODE": "Apply", "GHE_HOST": "ghe.example.com", "LOG_LEVEL": "debug"}, NO_FILE)
    assert (settings.mode, settings.api_url) == (Mode.APPLY, "https://ghe.example.com/api/v3")
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("LOG_LEVEL", "warn", "log_level", "WARNING"),
        ("LOG_LEVEL", "trace", "log_level", "DEBUG"),
        ("LOG_LEVEL", "fatal", "log_level", "ERROR"),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("LOG_FORMAT", "pretty", "log_format", "text"),
        ("PORT", "8080", "port", 8080),
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("WEBHOOK_PATH", "/hooks", "webhook_path", "/hooks"),
        ("WEBHOOK_PROXY_URL", "https://smee.io/abc", "webhook_proxy", "https://smee.io/abc"),
        ("GHE_HOST", "ghe.example.com:8443", "api_url", "https://ghe.example.com:8443/api/v3"),
    ],
)
def test_names_and_values_that_people_know_from_probot_are_taken(
    name: str, value: str, field: str, expected: object
) -> None:
    assert getattr(load({name: value}, NO_FILE), field) == expected


def test_what_an_app_has_beside_is_no_mistake_in_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GITHUB_CLIENT_ID=Iv1.x\nGITHUB_CLIENT_SECRET=hush\n")
    assert load({}, tmp_path / ".env") == Settings()


def test_private_key_of_many_lines_is_read_from_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f'APP_ID=1\nWEBHOOK_SECRET=s\nPRIVATE_KEY="{PEM}"\n')
    app = load({}, tmp_path / ".env").app
    assert app is not None
    assert app.private_key.strip() == PEM.strip()


def test_database_url_of_a_platform_is_understood() -> None:
    assert load({"DATABASE_URL": "postgres://u:p@h/d"}, NO_FILE).database_url == "postgresql+psycopg://u:p@h/d"


def test_settings_do_not_show_secrets() -> None:
    given = {"APP_ID": "1", "PRIVATE_KEY": PEM, "WEBHOOK_SECRET": "hush", "DATABASE_URL": "postgres://u:hush@h/d"}
    shown = repr(load({**given, "GITHUB_TOKEN": "hush", "REDIS_URL": "redis://:hush@h"}, NO_FILE))
    assert "hush" not in shown
    assert "BEGIN" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://bot:hush:hu/sh@db/tagger"),
        ("DATABASE_URL", "postgresql://bot:hush?@db/tagger"),
        ("DATABASE_URL", "postgresql://bot:hush@db:abc/tagger"),
        ("REDIS_URL", "redis://:hush@queue:abc/0"),
        ("REDIS_URL", "redis://:hush@[::1/0"),
    ],
)
def test_address_that_cannot_be_taken_apart_is_told_without_its_password(name: str, value: str) -> None:
    (told,) = problems(**{name: value})
    assert told.startswith(f"{name}: cannot be read: ")
    assert "hu" not in told


def test_env_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("ISSUE_TAGGER_MODE=apply # größer\n".encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        load({}, file)
    assert caught.value.problems == [f"{file}: this is no UTF-8; save the file as UTF-8"]
