"""The operator's settings: environment variables, validated in one place.

Every setting has a default, made for one person on a laptop. An invalid value raises an error that
names its variable, at the start of the program and not during somebody's work.
"""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import InputError
from core.text.typed_numbers import whole_number

PREFIX = "HEADSWEEP_"

_WHOLE_NUMBERS = "port", "max_queue", "max_prompt_tokens", "memory_mb", "max_models"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+]{0,19})://")
_HOST = re.compile(r"\*|(\*\.)?[\w.-]{1,253}|[0-9a-f:.]{2,45}", re.ASCII | re.IGNORECASE)
_SITE = re.compile(r"https?://(\*\.)?[\w.-]{1,253}(:[0-9]{1,5})?", re.ASCII)


class Settings(BaseSettings):
    """The settings of an operator; each field is the variable HEADSWEEP_<NAME>.

    Sizes are megabytes of 1,000,000 bytes, lengths are tokens.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid")

    allowed_models: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="The only models that may be loaded, by name or folder, with commas between "
        "them. Unset: any that a user types; a link or a file can only ask for the known ones.",
    )
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("headsweep", appauthor=False),
        description="Where finished runs are kept.",
    )
    database_url: str = Field(
        default="",
        description="Another database for them: postgresql://user:password@host/name, or "
        "sqlite:///file. Unset: runs.sqlite3 in the data folder.",
        repr=False,
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto",
        description="Where to compute: auto is CUDA where there is one, else the CPU.",
    )
    default_ablation: Literal["mean-across-heads", "zero", "mean"] = Field(
        default="mean-across-heads",
        description="The kind of ablation that the page and the command line begin with: "
        "mean-across-heads is the original notebook's. Links, files and kept runs say their own.",
    )
    address: str = Field(
        default="localhost",
        description="On which address the dashboard listens; 0.0.0.0 is all of them.",
    )
    port: int = Field(
        default=8501, ge=1, le=65535, validation_alias="PORT", description="The dashboard's port."
    )
    base_path: str = Field(
        default="", description="The path before the dashboard's: lab/headsweep."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Under which other names it answers, with commas between them: a proxy's name, "
        "*.example.org for all beneath one, * for any. Unset: this machine's own.",
    )
    framed_by: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Which other sites may show it in a frame, such as https://huggingface.co, "
        "with commas between them. Unset: none.",
    )
    read_only: bool = Field(
        default=False,
        description="For public demos: runs can be opened, compared and exported, and new sweeps "
        "made of the models known by name, but nothing is kept, renamed or deleted.",
    )
    max_queue: int = Field(
        default=100, ge=1, description="Sweeps and other work waiting for one device."
    )
    max_prompt_tokens: int = Field(
        default=100_000,
        ge=1,
        description="Tokens of a prompt with its answer, whatever the model reads.",
    )
    memory_mb: int = Field(
        default=2147, ge=16, description="Megabytes of activations that a sweep may hold at once."
    )
    max_models: int = Field(
        default=3, ge=1, description="Models kept loaded beside the embedded one."
    )

    @property
    def url(self) -> str:
        """The dashboard's address for a browser on this machine."""
        host = "localhost" if self.address in ("0.0.0.0", "::") else self.address  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}" + (f"/{self.base_path}" if self.base_path else "")

    @property
    def memory_bytes(self) -> int:
        """Bytes of activations that a sweep may use at once."""
        return self.memory_mb * 1_000_000

    @field_validator("allowed_models", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(filter(None, (name.strip() for name in value.split(","))))
        if not names:  # an empty list would allow all models; nobody means that by a comma
            raise ValueError("it names no model: write names with commas between them")
        return names

    @field_validator("allowed_hosts", "framed_by", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(filter(None, (name.strip() for name in value.split(","))))

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_HOST.fullmatch, value)):
            raise ValueError(
                "one is no host's name: write lab.example.org, without http:// or port"
            )
        return value

    @field_validator("framed_by")
    @classmethod
    def _sites(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # What stands here goes into a header: nothing that could end a part of it is taken.
        if not all(map(_SITE.fullmatch, value)):
            raise ValueError("one is no site: write https://lab.example.org, without a path")
        return value

    @field_validator(*_WHOLE_NUMBERS, mode="before")
    @classmethod
    def _digits(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        number = whole_number(value)
        if number is None:  # pydantic reads 1_0 as 10
            raise ValueError("it is no whole number: write digits alone")
        return number

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError:
            raise ValueError("its user has no home folder here: write the whole path") from None

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        known = value.startswith(("postgresql://", "postgres://", "sqlite:///"))
        if value and (not known or value == "sqlite:///"):
            # The message shows only the scheme: the rest may contain a password.
            scheme = _SCHEME.match(value)
            raise ValueError(
                f"{'it' if scheme is None else repr(scheme[1])} is no database that runs can be "
                "kept in: write postgresql://user:password@host/name or sqlite:///file"
            )
        return value

    @field_validator("address")
    @classmethod
    def _host(cls, value: str) -> str:
        if not re.fullmatch(r"[\w.:%-]+", value, re.ASCII):
            raise ValueError("it is no address: write a host's name or IP, without http:// or path")
        return value

    @field_validator("base_path")
    @classmethod
    def _path(cls, value: str) -> str:
        path = value.strip("/")
        if path and not all(part.replace("-", "").replace("_", "").isalnum()
                            for part in path.split("/")):  # fmt: skip
            raise ValueError("it holds more than letters, digits, - and _ between slashes")
        return path


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Raises `InputError` (field "settings") for an invalid one."""
    try:
        valid = Settings()
    except ValidationError as error:
        messages = [_message(detail) for detail in error.errors()]
        raise InputError("settings", "; ".join(messages)) from None
    if unknown := unknown_variables():
        raise InputError(
            "settings",
            f"There is no setting {unknown[0]}: headsweep doctor lists them all.",
        )
    return valid


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return "PORT" if name == "port" else f"{PREFIX}{name.upper()}"


def unknown_variables() -> list[str]:
    """Variables with the prefix that are no setting: a misspelt one would have no effect."""
    known = {variable(name) for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def _message(error: Any) -> str:
    """The sentence for one invalid setting, with the value seen (not for a database's address)."""
    name = variable(str(error["loc"][0])) if error["loc"] else "The settings"
    if name == "HEADSWEEP_PORT" or error["loc"][:1] == ("PORT",):
        name = "PORT"
    seen = "" if name.endswith("DATABASE_URL") else f"={str(error['input'])[:60]!r}"
    return f"{name}{seen}: {str(error['msg']).removeprefix('Value error, ')}."
