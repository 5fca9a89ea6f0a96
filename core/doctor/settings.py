"""All settings with their current values, also if some are invalid; passwords are hidden."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.doctor.check import CheckResult, State
from core.settings import PREFIX, Settings, unknown_variables, variable

HIDDEN = "***"


@dataclass(frozen=True)
class Setting:
    """One setting, as plain JSON types.

    `wrong` says why the setting is invalid, "" if it is valid. `value` of an invalid setting is its
    text in the environment.
    """

    name: str
    variable: str
    value: bool | int | str | list[str]
    is_set: bool
    about: str
    wrong: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The setting's entry in the JSON report."""
        return {
            "variable": self.variable,
            "value": self.value,
            "set": self.is_set,
            "about": self.about,
            "wrong": self.wrong or None,
        }


def chosen() -> tuple[Settings, tuple[Setting, ...]]:
    """The settings, with the default for each invalid one; and a `Setting` for each."""
    usable: dict[str, Any] = {}
    rows = []
    for name, field in Settings.model_fields.items():
        value, shown, is_set, wrong = _read(name)
        usable[_key(name)] = value
        about = field.description or ""
        rows.append(Setting(name, variable(name), shown, is_set, about, wrong))
    return Settings(**usable), tuple(rows)


def settings_result(rows: tuple[Setting, ...]) -> CheckResult:
    """The check whether the program can start with these settings."""
    wrong = [row for row in rows if row.wrong]
    unknown = unknown_variables()
    if not wrong and not unknown:
        names = [row.variable for row in rows if row.is_set]
        return CheckResult(State.OK, f"{len(names)} of {len(rows)} set" + _listed(names) + ".")
    seen = [f"{row.variable} cannot be used: {row.wrong}." for row in wrong]
    seen += [f"There is no setting {name}." for name in unknown]
    to_do = [f"Set {row.variable} to a value it takes, or unset it." for row in wrong]
    to_do += [_instead_of(name) for name in unknown]
    return CheckResult(State.PROBLEM, " ".join(seen), " ".join(to_do))


def masked(url: str) -> str:
    """A database's URL with its passwords hidden."""
    for before, password in _before_passwords(url):
        url = url.replace(before + password, before + HIDDEN, 1)
    return url


def passwords(url: str) -> list[str]:
    """The passwords in a database's URL, as they are written there."""
    return [password for _, password in _before_passwords(url)]


def _before_passwords(url: str) -> list[tuple[str, str]]:
    """(text right before it, password) of the user's password and of passwords in options."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return []
    # A password may contain an @ or / that should have been written as %40 or %2F.
    user, _, host = rest.rpartition("@")
    name, _, password = user.partition(":")
    pairs = [(f"{scheme}://{name}:", password)]
    for option in host.partition("?")[2].split("&"):
        key, _, value = option.partition("=")
        if "pass" in key.lower():
            pairs.append((f"{key}=", value))
    return [(before, password) for before, password in pairs if password]


def _read(name: str) -> tuple[Any, bool | int | str | list[str], bool, str]:
    """(value or default, value to show, whether it is set, why it is invalid) of a setting."""
    fields = Settings.model_fields
    defaults = {
        other: field.get_default(call_default_factory=True) for other, field in fields.items()
    }
    # All other settings get their defaults, so that only this one is read from the environment.
    others = {_key(other): value for other, value in defaults.items() if other != name}
    try:
        current = Settings(**others)
    except ValidationError as error:
        first = error.errors()[0]
        seen, wrong = str(first["input"]), str(first["msg"]).removeprefix("Value error, ")
    except Exception as error:  # for example a path ~user of a user that does not exist
        seen, wrong = os.environ.get(variable(name), ""), " ".join(str(error).split())
    else:
        value = getattr(current, name)
        return value, _plain(name, value), name in current.model_fields_set, ""
    if name == "database_url":  # a text that is not a URL may be a password
        seen = HIDDEN
        wrong = "it is not postgresql://user:password@host/name or sqlite:///file"
    return defaults[name], seen, True, wrong.rstrip(".")


def _plain(name: str, value: object) -> bool | int | str | list[str]:
    match value:
        case bool() | int():
            return value
        case tuple():
            return [str(item) for item in value]
        case Path():
            return str(value)
    return masked(str(value)) if name == "database_url" else str(value)


def _key(name: str) -> str:
    """The keyword argument of `Settings(...)` for a field."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else name


def _listed(names: list[str]) -> str:
    return f": {', '.join(names)}" if names else ""


def _instead_of(unknown: str) -> str:
    """What to do about an unknown variable. Its value is not shown: it may be a password."""
    name = unknown.removeprefix(PREFIX).lower()
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    meant = f" {variable(close[0])} may be meant." if close else ""
    return f"Unset {unknown}, or correct its name.{meant}"
