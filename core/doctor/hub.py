"""Check whether the Hugging Face hub answers, with the same request as a download.

The texts of errors are not shown: they may contain signed addresses or a token.
"""

from dataclasses import dataclass
from enum import Enum, auto

from core.doctor.check import CheckResult, State
from core.settings import Settings

TIMEOUT_S = 5.0
ASKED_FOR = "openai-community/gpt2"
"""A model that the hub and every mirror of it should have."""
STILL_WORK = "The embedded model, and those on this machine already, work without it."


class Kind(Enum):
    """The kind of the hub's answer."""

    GIVES = auto()
    REFUSES = auto()
    """The model does not exist there, or this user may not read it."""
    FAILS = auto()
    SOMETHING_ELSE = auto()
    """Another program answers, such as a login page or a proxy."""
    SILENT = auto()
    OFFLINE = auto()
    """No request is made, because the user forbids it (HF_HUB_OFFLINE)."""


@dataclass(frozen=True)
class HubReply:
    """The outcome of a request for a model; `detail` is an HTTP status or an error's type."""

    kind: Kind
    detail: str = ""


def ask(repo_id: str) -> HubReply:
    """Ask the hub whether it has a model; each step of the connection may take `TIMEOUT_S`."""
    from huggingface_hub import HfApi, errors

    try:
        HfApi(library_name="headsweep").model_info(repo_id, timeout=TIMEOUT_S)
    except errors.OfflineModeIsEnabled:
        return HubReply(Kind.OFFLINE)
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        refused = status in (401, 403, 404)
        return HubReply(Kind.REFUSES if refused else Kind.FAILS, str(status))
    except (errors.HTTPError, OSError) as error:  # type: ignore[attr-defined]  # of its client
        return HubReply(Kind.SILENT, type(error).__name__)
    except Exception as error:  # not the hub's JSON
        return HubReply(Kind.SOMETHING_ELSE, type(error).__name__)
    return HubReply(Kind.GIVES)


def place() -> str:
    """The hub's address, without a user and password that it may contain."""
    from huggingface_hub import constants

    return constants.ENDPOINT.rpartition("://")[2].rpartition("@")[2]


def hub(_: Settings) -> CheckResult:
    """Whether models can be downloaded. At worst a warning, because much works without the hub."""
    answer, where = ask(ASKED_FOR), place()
    match answer.kind:
        case Kind.GIVES:
            return CheckResult(State.OK, f"{where} answers.")
        case Kind.OFFLINE:
            seen = "Offline mode (HF_HUB_OFFLINE): nothing is downloaded."
            to_do = "To download models, unset HF_HUB_OFFLINE."
        case Kind.REFUSES:
            seen = f"{where} answers, and refuses {ASKED_FOR} ({answer.detail})."
            to_do = "Check HF_TOKEN: unset it, or set it to a valid one; and HF_ENDPOINT."
        case Kind.FAILS:
            seen = f"{where} has a problem (it answered {answer.detail})."
            to_do = "Try again in a few minutes."
        case Kind.SOMETHING_ELSE:
            seen = f"{where} answered with something else than the hub does ({answer.detail})."
            to_do = "Check HF_ENDPOINT, and whether a proxy or a login page stands in between."
        case Kind.SILENT:
            seen = f"{where} cannot be reached ({answer.detail})."
            to_do = "To download others, check the connection, the proxy and HF_ENDPOINT."
    return CheckResult(State.WARNING, seen, f"{STILL_WORK} {to_do}")
