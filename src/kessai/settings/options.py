"""The options themselves: their defaults, bounds and lines of help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from kessai.domain.destinations import Destinations
from kessai.settings import values
from kessai.settings.sources import ConfigurationError, Variables

DEFAULT_API_SECRET_KEY: Final = "kessai-development-secret-not-for-production"  # noqa: S105 - refused in production
WELL_KNOWN_API_KEY: Final = "sk_test_kessai"
API_SECRET_KEY_LENGTH_MIN: Final = 32


class Settings(BaseSettings):
    """All options, checked alone and together; made by `load_settings`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        case_sensitive=True,
        env_file=".env",
        env_file_encoding="utf-8",
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )

    env: Annotated[Literal["development", "production"], values.lower] = Field(
        "development", description="`production` refuses default secrets and makes nothing silently"
    )
    database_url: Annotated[str, AfterValidator(values.database_url)] = Field(
        "sqlite:///kessai.db",
        repr=False,
        description="Where everything is kept: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
    )
    api_secret_key: Annotated[SecretStr, AfterValidator(values.printable)] = Field(
        SecretStr(DEFAULT_API_SECRET_KEY),
        description="Protects API keys and webhook secrets in the database; its own in production",
    )
    api_secret_key_previous: Annotated[SecretStr, AfterValidator(values.printable_list)] | None = Field(
        None,
        description="Earlier values of API_SECRET_KEY, separated by commas: what they protect stays usable",
    )
    webhook_signing_secret: Annotated[SecretStr, AfterValidator(values.printable)] | None = Field(
        None,
        description="Signing secret of the endpoint that a merchant's webhook_url makes; random when unset",
    )
    host: Annotated[str, AfterValidator(values.host)] = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 picks a free one")
    debug: bool = Field(False, description="Log everything, whatever LOG_LEVEL says")
    redis_url: Annotated[str, AfterValidator(values.redis_url)] | None = Field(
        None, repr=False, description="Redis or Valkey that shares rate limits between processes"
    )
    webhook_timeout: values.Seconds = Field(
        30, gt=0, le=300, description="Seconds an endpoint has to answer a webhook"
    )
    webhook_max_retries: int = Field(
        5, ge=0, le=20, description="Retries after the first attempt of a webhook"
    )
    webhook_retry_delay: values.Seconds = Field(
        5, ge=0, le=86_400, description="Seconds before the first retry; each further one waits twice as long"
    )
    webhook_allow: Annotated[str, AfterValidator(values.webhook_allow)] = Field(
        "",
        description="Private networks and host names, separated by commas, that webhooks may go to although "
        "HOST lets others in",
    )
    rate_limit_requests: int = Field(
        100, ge=0, le=1_000_000, description="Requests a merchant may make within one window; 0 for no limit"
    )
    rate_limit_window_seconds: int = Field(60, ge=1, le=86_400, description="Seconds of that window")
    idempotency_ttl_hours: int = Field(
        24, ge=1, le=8_760, description="Hours an Idempotency-Key is remembered"
    )
    event_retention_days: int = Field(
        30,
        ge=0,
        le=3_650,
        description="Days after which bodies and attempts of events are forgotten; 0 keeps them for ever",
    )
    simulated_timeout_ms: int = Field(
        1000, ge=0, le=60_000, description="Milliseconds that simulate=network_timeout waits"
    )
    cors_allow_origins: Annotated[str, AfterValidator(values.origins)] = Field(
        "", description="Origins, separated by commas, whose pages may call the API; * for any"
    )
    public_url: Annotated[str, AfterValidator(values.public_url)] | None = Field(
        None, description="Base of the links we hand out; http://HOST:PORT when unset"
    )
    dispatch: bool = Field(True, description="Whether this process delivers webhooks")
    api_key: (
        Annotated[SecretStr, AfterValidator(values.printable), AfterValidator(values.no_live_key)] | None
    ) = Field(
        None, description="Secret key of the first merchant; sk_test_kessai on loopback, random elsewhere"
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], values.upper] = Field(
        "INFO", description="Least level that is logged"
    )
    log_format: Annotated[Literal["auto", "json", "console"], values.lower] = Field(
        "auto", description="json, console, or auto: console on a terminal and json elsewhere"
    )
    body_timeout_s: values.Seconds = Field(
        10, gt=0, le=300, description="Seconds a client has to send its body"
    )
    database_pool_size: int = Field(
        10, ge=1, le=200, description="PostgreSQL connections of one process, at least 7"
    )
    database_timeout_s: values.Seconds = Field(
        4, gt=0, le=60, description="Seconds to wait for the database before answering 503"
    )

    @property
    def is_production(self) -> bool:
        """Whether defaults meant for one's own machine are refused."""
        return self.env == "production"

    @property
    def api_secret_keys(self) -> tuple[str, ...]:
        """API_SECRET_KEY, then those of API_SECRET_KEY_PREVIOUS."""
        previous = self.api_secret_key_previous
        listed = values.parts(previous.get_secret_value()) if previous else ()
        return tuple(dict.fromkeys((self.api_secret_key.get_secret_value(), *listed)))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach us."""
        return values.is_loopback(self.host)

    @property
    def destinations(self) -> Destinations:
        """Where webhooks may go."""
        return Destinations.listed(self.webhook_allow, is_local=self.is_loopback)

    @property
    def database_kind(self) -> Literal["sqlite", "postgresql"]:
        """Which of the two databases is used."""
        return "sqlite" if self.database_url.startswith("sqlite:") else "postgresql"

    @property
    def sqlite_path(self) -> Path:
        """The database file.

        Raises:
            ConfigurationError: the database is not SQLite.
        """
        if self.database_kind != "sqlite":
            raise ConfigurationError("DATABASE_URL names no SQLite file")
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def public_base_url(self) -> str:
        """How clients reach us, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url
        host = "localhost" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """The origins of CORS_ALLOW_ORIGINS, one by one."""
        return tuple(filter(None, (origin.strip() for origin in self.cors_allow_origins.split(","))))

    @property
    def log_threshold(self) -> str:
        """LOG_LEVEL, or DEBUG where that is asked for."""
        return "DEBUG" if self.debug else self.log_level

    @model_validator(mode="after")
    def _refuse_known_secrets(self) -> Self:
        api_key = self.api_key.get_secret_value() if self.api_key else None
        if self.is_production:
            present, *previous = self.api_secret_keys
            _refuse_weak("API_SECRET_KEY", present)
            for each in previous:
                _refuse_weak("API_SECRET_KEY_PREVIOUS", each)
        if api_key == WELL_KNOWN_API_KEY and self.is_production:
            raise ValueError(f"API_KEY cannot be {WELL_KNOWN_API_KEY} in production, everybody knows it")
        if api_key == WELL_KNOWN_API_KEY and not self.is_loopback:
            raise ValueError(
                f"API_KEY cannot be {WELL_KNOWN_API_KEY} when HOST is {self.host}, which others can reach"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what the caller passes, then the environment, then `.env`, by the rules of this module."""
        places = (place for place in (env_settings, dotenv_settings) if isinstance(place, EnvSettingsSource))
        return init_settings, *(Variables(settings_cls, place.env_vars) for place in places)


def _refuse_weak(name: str, secret: str) -> None:
    if secret == DEFAULT_API_SECRET_KEY:
        raise ValueError(f"{name} must be set in production, the default is known to everybody")
    if len(secret) < API_SECRET_KEY_LENGTH_MIN:
        raise ValueError(
            f"{name} needs at least {API_SECRET_KEY_LENGTH_MIN} characters in production, "
            "for example from `openssl rand -hex 32`"
        )
