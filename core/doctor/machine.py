"""Checks of this machine: compute device, memory, disks, and the dashboard's address and port.

Sizes are in GB of 1e9 bytes.
"""

import errno
import os
import shutil
from pathlib import Path

from core.doctor.check import CheckResult, State
from core.net import bindable_port
from core.settings import Settings

GB = 1e9
LITTLE_DISK = 2 * GB
NO_DISK = 0.1 * GB
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
CGROUPS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        *("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
        *("memory/memory.stat", "total_inactive_file"),
    ),
)
"""The files with a container's memory limit, memory used, and cache, for cgroups v2 and v1."""


def device(given: Settings) -> CheckResult:
    """The devices of this machine, and the one that `auto` means. Only this check imports torch."""
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    there = {"auto": True, "cpu": True, "cuda": cuda, "mps": mps}
    resolved = given.device if given.device != "auto" else "cuda" if cuda else "cpu"
    gpus = [_gpu(index) for index in range(torch.cuda.device_count())] if cuda else []
    no_cuda = "no CUDA" if torch.version.cuda else "no CUDA in this torch"
    seen = "; ".join(
        (
            f"{given.device} is {resolved}" if given.device == "auto" else resolved,
            f"CPU with {torch.get_num_threads()} threads",
            *(gpus or [no_cuda]),
            "MPS" if mps else "no MPS",
        )
    )
    if there[given.device]:
        return CheckResult(State.OK, f"{seen}.")
    return CheckResult(
        State.PROBLEM,
        f"{given.device} is set, and this machine has none: {seen}.",
        "Set HEADSWEEP_DEVICE to auto or cpu, or install a torch that fits the GPU's driver.",
    )


def memory(given: Settings) -> CheckResult:
    """Whether as much memory is free as a sweep may use."""
    free = free_memory()
    if free is None:
        return CheckResult(State.OK, "What is free is not told by this system.")
    seen = f"{_gb(free)} free; a sweep may hold {_gb(given.memory_bytes)} beside its model."
    if free >= given.memory_bytes:
        return CheckResult(State.OK, seen)
    return CheckResult(
        State.WARNING, seen, "Set HEADSWEEP_MEMORY_MB lower, or end what uses the memory."
    )


def free_memory(
    system: Path = Path("/proc/meminfo"), container: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """Bytes of free memory on Linux, within the container's limit; None on other systems."""
    try:
        lines = system.read_text(encoding="ascii").splitlines()
        free = 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvail"))
    except (OSError, StopIteration):
        return None
    for limit, used, stat, cache in CGROUPS:
        try:
            most = int((container / limit).read_text(encoding="ascii"))
            now = int((container / used).read_text(encoding="ascii"))
            counts = dict(
                line.split() for line in (container / stat).read_text(encoding="ascii").splitlines()
            )
            free = min(free, max(0, most - now + int(counts.get(cache, 0))))
        except (OSError, ValueError):  # not this version, or "max": no limit
            continue
    return free


def disk_for_runs(given: Settings) -> CheckResult:
    """Whether there is disk space for finished runs."""
    url = given.database_url
    if url and not url.startswith("sqlite"):
        return CheckResult(State.OK, "Not used: runs are kept on the database's own machine.")
    file = Path(url.removeprefix("sqlite:///")).expanduser().absolute()
    return _disk(file.parent if url else given.data_dir, "HEADSWEEP_DATA_DIR")


def disk_for_models(_: Settings) -> CheckResult:
    """Whether there is disk space for models, in a folder that can be written."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE).expanduser().absolute()
    space = _disk(folder, "HF_HOME")
    if space.state is not State.PROBLEM and not os.access(nearest_folder(folder), os.W_OK):
        return CheckResult(
            State.WARNING,
            f"{folder} cannot be written: models that are here can be read, no other downloaded.",
            "Set HF_HOME to a folder that you may write to.",
        )
    return space


def nearest_folder(path: Path) -> Path:
    """The path itself if it exists, else the nearest parent that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def port(given: Settings) -> CheckResult:
    """Whether the dashboard can listen on its address and port; tested as its launcher does."""
    other = "another port: PORT=8601 make run."
    try:
        bindable_port(given.address, given.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return CheckResult(
                State.WARNING,
                f"{given.port} is in use, by this dashboard or another program.",
                f"If it is another program, choose {other}",
            )
        return CheckResult(
            State.PROBLEM,
            f"Nothing can listen on {given.address}, port {given.port} ({error.strerror}).",
            f"Set HEADSWEEP_ADDRESS to an address of this machine, or choose {other}",
        )
    return CheckResult(State.OK, f"{given.port} is free.")


def address(given: Settings) -> CheckResult:
    """Who can open the dashboard, which has no password."""
    if given.address in EVERYWHERE:
        return CheckResult(
            State.OK,
            f"{given.address}: note that anyone on the network can open the dashboard, without a "
            f"password, by an IP address{_or_named(given)}.",
        )
    if given.address == "localhost" or given.address.startswith("127.") or given.address == "::1":
        return CheckResult(State.OK, f"{given.address}: only this machine can open the dashboard.")
    return CheckResult(
        State.OK,
        f"{given.address}: note that whoever reaches this address can open the dashboard, without "
        "a password.",
    )


def _or_named(given: Settings) -> str:
    names = ", ".join(given.allowed_hosts)
    return f", or as {names}" if names else "; HEADSWEEP_ALLOWED_HOSTS is for names"


def _gpu(index: int) -> str:
    import torch

    free, total = torch.cuda.mem_get_info(index)
    name = torch.cuda.get_device_properties(index).name
    return f"CUDA {index}: {name}, {_gb(free)} of {_gb(total)} free"


def _disk(folder: Path, setting: str) -> CheckResult:
    free = shutil.disk_usage(nearest_folder(folder)).free
    seen = f"{_gb(free)} free for {folder}."
    if free >= LITTLE_DISK:
        return CheckResult(State.OK, seen)
    return CheckResult(
        State.WARNING if free >= NO_DISK else State.PROBLEM,
        seen,
        f"Free some space, or set {setting} to a folder on a larger disk.",
    )


def _gb(n_bytes: int) -> str:
    return f"{n_bytes / GB:,.1f} GB"
