"""Where settings come from, which are refused, and in what words."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from kessai.settings import (
    DEFAULT_API_SECRET_KEY,
    SECRETS,
    WELL_KNOWN_API_KEY,
    ConfigurationError,
    Settings,
    describe,
    load_settings,
)

GOOD_SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no `.env` of the developer's reaches a test."""
    names = {name.upper() for name in Settings.model_fields}
    for name in os.environ:
        if re.sub(r"^KESSAI_|_FILE$", "", name) in names or name.startswith("KESSAI_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refusal(**overrides: Any) -> str:
    """What is said about settings that are refused: one line."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings(**overrides)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_without_any_setting_everything_has_a_default() -> None:
    settings = load_settings()

    assert (settings.env, settings.is_production) == ("development", False)
    assert (settings.host, settings.port, settings.is_loopback) == ("127.0.0.1", 8000, True)
    assert settings.public_base_url == "http://127.0.0.1:8000"
    assert (settings.database_kind, settings.sqlite_path) == ("sqlite", Path("kessai.db"))
    assert settings.api_secret_key.get_secret_value() == DEFAULT_API_SECRET_KEY
    assert (settings.webhook_signing_secret, settings.redis_url, settings.api_key) == (None, None, None)
    assert (settings.webhook_timeout, settings.webhook_max_retries, settings.webhook_retry_delay) == (
        30,
        5,
        5,
    )
    assert (settings.rate_limit_requests, settings.rate_limit_window_seconds) == (100, 60)
    assert (settings.idempotency_ttl_hours, settings.simulated_timeout_ms) == (24, 1000)
    assert (settings.cors_origins, settings.dispatch) == ((), True)
    assert (settings.log_threshold, settings.log_format) == ("INFO", "auto")
    assert (settings.body_timeout_s, settings.database_pool_size, settings.database_timeout_s) == (10, 10, 4)


@pytest.mark.parametrize("name", ["PORT", "KESSAI_PORT"])
def test_a_setting_is_read_under_both_names(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, " 9000 ")

    assert load_settings().port == 9000


def test_the_twin_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("KESSAI_PORT", "2")

    assert load_settings().port == 2


def test_what_the_caller_passes_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KESSAI_PORT", "2")
    monkeypatch.setenv("API_KEY_FILE", "/no/such/file")

    settings = load_settings(port=3, api_key="sk_test_from_flag", host=None)

    assert (settings.port, settings.host) == (3, "127.0.0.1")


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    for name in ("KESSAI_PORT", "REDIS_URL", "API_KEY_FILE", "DEBUG"):
        monkeypatch.setenv(name, empty)
    monkeypatch.setenv("PORT", "9000")

    settings = load_settings()

    assert (settings.port, settings.redis_url, settings.debug) == (9000, None, False)


def test_a_dotenv_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("KESSAI_PORT=1\nHOST='::1'\nAPI_KEY=sk_test_dotenv\nUNKNOWN=x\n# PORT=3\n")
    (tmp_path / "key").write_text("sk_test_from_file\n")
    monkeypatch.setenv("PORT", "2")
    monkeypatch.setenv("API_KEY_FILE", str(tmp_path / "key"))

    settings = load_settings()

    assert (settings.port, settings.host) == (2, "::1")
    assert settings.api_key == SecretStr("sk_test_from_file")


def test_another_dotenv_file_or_none_can_be_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1")
    (tmp_path / "other").write_text("PORT=2")

    ports = [load_settings(env_file=file).port for file in (tmp_path / "other", tmp_path / "missing", None)]

    assert ports == [2, 8000, 8000]


def test_a_dotenv_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe")

    assert refusal() == ".env cannot be read: it is not UTF-8 text"


@pytest.mark.parametrize("prefix", ["", "KESSAI_"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("DATABASE_URL", "postgresql+asyncpg://u:p@h/d"),
        ("API_SECRET_KEY", GOOD_SECRET),
        ("WEBHOOK_SIGNING_SECRET", "topsecret"),
        ("REDIS_URL", "redis://:p@h/0"),
        ("API_KEY", "sk_test_1234"),
    ],
)
def test_a_secret_may_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prefix: str, name: str, content: str
) -> None:
    (tmp_path / "secret").write_text(f" {content}\n")
    monkeypatch.setenv(f"{prefix}{name}_FILE", str(tmp_path / "secret"))

    value = getattr(load_settings(), name.lower())

    assert (value.get_secret_value() if isinstance(value, SecretStr) else value) == content


@pytest.mark.parametrize(
    ("direct", "file"), [("API_KEY", "API_KEY_FILE"), ("API_KEY", "KESSAI_API_KEY_FILE")]
)
def test_a_secret_in_two_places_is_refused(monkeypatch: pytest.MonkeyPatch, direct: str, file: str) -> None:
    monkeypatch.setenv(direct, "sk_test_hidden")
    monkeypatch.setenv(file, "/run/secrets/key")

    assert refusal() == "API_KEY and API_KEY_FILE are both set: keep one of them"


def test_a_secret_file_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def said(file: Path) -> str:
        monkeypatch.setenv("API_KEY_FILE", str(file))
        return refusal().replace(str(tmp_path), "")

    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")

    assert said(tmp_path / "missing") == "API_KEY_FILE: /missing cannot be read: No such file or directory"
    assert said(tmp_path) == "API_KEY_FILE:  cannot be read: Is a directory"
    assert said(tmp_path / "empty") == "API_KEY_FILE: /empty is empty"
    assert said(tmp_path / "binary") == "API_KEY_FILE: /binary cannot be read: it is not UTF-8 text"


def test_only_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT_FILE", "/no/such/file")

    assert load_settings().port == 8000


def test_variables_that_others_set_for_other_ends_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    # Kubernetes, beside a service called kessai; a POSIX shell
    monkeypatch.setenv("KESSAI_PORT", "tcp://10.0.0.7:8000")
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("ENV", "/etc/shinit")

    settings = load_settings()

    assert (settings.port, settings.env) == (9000, "development")


@pytest.mark.parametrize("name", ["ENV", "KESSAI_ENV"])
def test_production_is_asked_for_by_either_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "Production")

    assert load_settings(api_secret_key=GOOD_SECRET).is_production


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("sqlite:///kessai.db", "sqlite:///kessai.db"),
        ("sqlite+aiosqlite:///data/kessai.db", "sqlite:///data/kessai.db"),
        ("sqlite:////var/lib/kessai.db", "sqlite:////var/lib/kessai.db"),
        ("SQLITE:///C:/kessai.db", "sqlite:///C:/kessai.db"),
        ("sqlite:///~/kessai.db", f"sqlite:///{Path.home()}/kessai.db"),
        ("postgres://u:p%40@h:5433/d", "postgresql+asyncpg://u:p%40@h:5433/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
        ("postgresql://h/d?a=b&sslmode=verify-full", "postgresql+asyncpg://h/d?a=b&ssl=verify-full"),
        ("postgresql+asyncpg:///d?host=/run", "postgresql+asyncpg:///d?host=/run"),
    ],
)
def test_a_database_url_takes_one_form(url: str, normal: str) -> None:
    settings = load_settings(database_url=url)

    assert settings.database_url == normal
    assert settings.database_kind == ("sqlite" if "sqlite" in normal else "postgresql")


def test_the_sqlite_file_may_be_absolute_and_a_server_has_none() -> None:
    assert load_settings(database_url="sqlite:////data/k.db").sqlite_path == Path("/data/k.db")
    with pytest.raises(ConfigurationError, match="names no SQLite file"):
        _ = load_settings(database_url="postgresql://h/d").sqlite_path


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "sqlite+aiosqlite://:memory:",
    ],
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    said = refusal(database_url=url)

    assert "cannot be in memory" in said
    assert "sqlite:///kessai.db" in said


@pytest.mark.parametrize(
    "url",
    [
        "kessai.db",
        "mysql://u:hunter2@h/d",
        "postgresql+psycopg://u:hunter2@h/d",
        "sqlite://kessai.db",
        "sqlite:///kessai.db?mode=ro",
        "sqlite:///file:kessai.db",
        "sqlite:///folder/",
        "postgresql://u:hunter2/x@h/d",
        "postgresql://u:hunter2\N{FULLWIDTH SOLIDUS}@h/d",
        "postgresql://u:hunter2@[::1/d",
    ],
)
def test_a_database_url_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    said = refusal(database_url=url)

    assert said.startswith("DATABASE_URL ")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "url", ["redis://h", "redis://:p@h:6379/0", "rediss://h/1", "unix:///run/valkey.sock"]
)
def test_a_redis_url_is_kept(url: str) -> None:
    assert load_settings(redis_url=url).redis_url == url


@pytest.mark.parametrize("url", ["localhost:6379", "http://h:6379", "redis://", "redis://:hunter2/@h:x"])
def test_another_redis_url_is_refused(url: str) -> None:
    said = refusal(redis_url=url)

    assert said.startswith("REDIS_URL ")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("host", "base", "is_loopback"),
    [
        ("localhost", "http://localhost:80", True),
        ("gateway.localhost", "http://gateway.localhost:80", True),
        ("127.8.8.8", "http://127.8.8.8:80", True),
        ("::1", "http://[::1]:80", True),
        ("[::1]", "http://[::1]:80", True),
        ("0.0.0.0", "http://localhost:80", False),
        ("::", "http://localhost:80", False),
        ("192.168.1.7", "http://192.168.1.7:80", False),
        ("pay.example.com", "http://pay.example.com:80", False),
        ("localhost.example.com", "http://localhost.example.com:80", False),
    ],
)
def test_the_host_decides_who_can_reach_us_and_how(host: str, base: str, is_loopback: bool) -> None:
    settings = load_settings(host=host, port=80)

    assert (settings.public_base_url, settings.is_loopback) == (base, is_loopback)


@pytest.mark.parametrize("host", ["http://localhost", "localhost:8000", "a b", "a/b", "u@h"])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert refusal(host=host).startswith("HOST must be a host name or an address")


def test_links_start_with_the_public_url_where_there_is_one() -> None:
    assert load_settings(public_url="https://pay.example.com/").public_base_url == "https://pay.example.com"


@pytest.mark.parametrize(
    "url", ["pay.example.com", "ftp://h", "https://", "https://h?x", "https://h#x", "http://h:x"]
)
def test_a_public_url_is_a_web_address(url: str) -> None:
    assert refusal(public_url=url).startswith("PUBLIC_URL ")


def test_origins_are_a_list_between_commas() -> None:
    settings = load_settings(cors_allow_origins="https://a.example, http://localhost:3000,")

    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")
    assert load_settings(cors_allow_origins="*").cors_origins == ("*",)


@pytest.mark.parametrize("origins", ["a.example", "https://a.example/path", "https://a.example;https://b"])
def test_what_no_browser_sends_as_origin_is_refused(origins: str) -> None:
    assert refusal(cors_allow_origins=origins).startswith("CORS_ALLOW_ORIGINS ")


def test_the_host_decides_where_webhooks_may_go() -> None:
    assert load_settings(webhook_allow="10.0.0.0/8").destinations.is_local

    shared = load_settings(host="0.0.0.0", webhook_allow="10.0.0.0/8, Hooks.Internal").destinations
    assert not shared.is_local
    assert shared.refusal("10.0.0.5") is None
    assert shared.hosts == {"hooks.internal"}


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        ("10.0.0.5/8", "WEBHOOK_ALLOW has '10.0.0.5/8', an address within a network: write 10.0.0.0/8"),
        ("http://hooks.internal/", "WEBHOOK_ALLOW has 'http://hooks.internal/', which is no network"),
        ("169.254.169.254", "WEBHOOK_ALLOW cannot allow 169.254.169.254: a link-local address"),
        ("hooks.internal:80", "WEBHOOK_ALLOW has no usable host: 'hooks.internal:80'"),
    ],
)
def test_what_webhooks_may_never_reach_or_is_no_host_is_refused(allowed: str, said: str) -> None:
    assert refusal(webhook_allow=allowed).startswith(said)


def test_debug_logs_everything() -> None:
    assert load_settings(debug=True, log_level="error").log_threshold == "DEBUG"
    assert load_settings(log_level="error").log_threshold == "ERROR"


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"port": 65_536}, "PORT must be less than or equal to 65535 (it is '65536')"),
        ({"port": "many"}, "PORT must be a valid integer (it is 'many')"),
        ({"debug": "app:*"}, "DEBUG must be a valid boolean (it is 'app:*')"),
        ({"env": "prod"}, "KESSAI_ENV must be 'development' or 'production' (it is 'prod')"),
        ({"webhook_timeout": "nan"}, "WEBHOOK_TIMEOUT must be a finite number (it is 'nan')"),
        ({"prot": 1}, "PROT is not a setting"),
        (
            {"webhook_max_retries": -1, "log_format": "xml"},
            "WEBHOOK_MAX_RETRIES must be greater than or equal to 0 (it is '-1'); "
            "LOG_FORMAT must be 'auto', 'json' or 'console' (it is 'xml')",
        ),
    ],
)
def test_a_value_out_of_bounds_is_refused_in_one_line(overrides: dict[str, Any], said: str) -> None:
    assert refusal(**overrides) == said


@pytest.mark.parametrize("name", ["api_secret_key", "webhook_signing_secret", "api_key"])
@pytest.mark.parametrize("secret", ["short", "with a space", "日本語の秘密です", "x" * 256])
def test_an_unusable_secret_is_refused_and_not_shown(name: str, secret: str) -> None:
    said = refusal(**{name: secret})

    assert said == f"{name.upper()} must be 8 to 255 printable ASCII characters without spaces"


@pytest.mark.parametrize("key", ["sk_live_0123456789", "rk_live_0123456789"])
def test_a_live_key_of_a_real_gateway_is_refused(key: str) -> None:
    said = refusal(api_key=key)

    assert "live key" in said
    assert key not in said


def test_production_refuses_what_everybody_knows() -> None:
    def said(**overrides: Any) -> str:
        return refusal(env="production", **overrides)

    assert said().startswith("API_SECRET_KEY must be set in production")
    assert said(api_secret_key=GOOD_SECRET[1:]).startswith("API_SECRET_KEY needs at least 32 characters")
    assert said(api_secret_key=GOOD_SECRET, api_key=WELL_KNOWN_API_KEY).startswith(
        "API_KEY cannot be sk_test_kessai"
    )
    assert load_settings(env="production", api_secret_key=GOOD_SECRET, api_key="sk_test_own").is_production


def test_where_others_can_reach_us_the_well_known_key_is_refused() -> None:
    assert "HOST is 0.0.0.0" in refusal(host="0.0.0.0", api_key=WELL_KNOWN_API_KEY)
    assert load_settings(host="127.0.0.1", api_key=WELL_KNOWN_API_KEY).api_key


def test_no_secret_is_in_the_representation() -> None:
    settings = load_settings(
        database_url="postgresql://u:hidden-1@h/d",
        redis_url="redis://:hidden-2@h",
        api_secret_key="hidden-3-hidden-3",
        webhook_signing_secret="hidden-4",
        api_key="sk_test_hidden-5",
    )

    assert "hidden" not in f"{settings!r} {settings}"


def test_settings_do_not_change() -> None:
    settings = load_settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_every_setting_is_described_with_a_default_that_can_be_pasted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = describe()

    assert [option.name for option in options] == [
        "KESSAI_ENV" if name == "env" else name.upper() for name in Settings.model_fields
    ]
    assert all(option.help and "\n" not in option.help for option in options)
    assert DEFAULT_API_SECRET_KEY not in str(options)
    for name, default, _ in options:
        if name != "API_SECRET_KEY":
            monkeypatch.setenv(name, default)
    assert load_settings() == Settings(_env_file=None)


def test_what_may_come_from_a_file_exists() -> None:
    assert set(Settings.model_fields) >= SECRETS


# The secret that protects the others, while it changes


def test_earlier_secrets_follow_the_present_one() -> None:
    settings = load_settings(
        api_secret_key="a-present-one", api_secret_key_previous=" older-one , oldest-one,"
    )

    assert settings.api_secret_keys == ("a-present-one", "older-one", "oldest-one")
    assert load_settings().api_secret_keys == (DEFAULT_API_SECRET_KEY,)
    assert load_settings(
        api_secret_key="same-as-before", api_secret_key_previous="same-as-before"
    ).api_secret_keys == ("same-as-before",)


def test_earlier_secrets_come_from_a_file_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "previous").write_text("older-one,oldest-one\n")
    monkeypatch.setenv("KESSAI_API_SECRET_KEY_PREVIOUS_FILE", str(tmp_path / "previous"))

    assert load_settings().api_secret_keys[1:] == ("older-one", "oldest-one")


@pytest.mark.parametrize(
    "listed", ["short", "long-enough,short", "with a space", ",", ",".join(["long-enough"] * 6)]
)
def test_earlier_secrets_that_cannot_be_any_are_refused(listed: str) -> None:
    said = refusal(api_secret_key_previous=listed)

    assert said.startswith("API_SECRET_KEY_PREVIOUS must be")
    assert "short" not in said


@pytest.mark.parametrize("weak", ["fewer-than-32-characters", DEFAULT_API_SECRET_KEY])
def test_production_refuses_weak_earlier_secrets(weak: str) -> None:
    said = refusal(env="production", api_secret_key=GOOD_SECRET, api_secret_key_previous=f"{'x' * 32},{weak}")

    assert said.startswith("API_SECRET_KEY_PREVIOUS ")
    assert weak not in said
