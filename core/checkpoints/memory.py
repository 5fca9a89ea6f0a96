"""How much memory a model may take on a device, as far as the system says."""

from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUPS = (  # of a container: its limit, and what it uses of it
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def free_bytes(device: str) -> int | None:
    """Bytes that are free on a device now; None where that cannot be told."""
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    found = [_of_machine(), *(_of_container(*paths) for paths in _CGROUPS)]
    return min((each for each in found if each is not None), default=None)


def _of_machine() -> int | None:
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
        (line,) = (line for line in lines if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return None


def _of_container(limit: str, used: str) -> int | None:
    """What a container may still take; the files that it has read count as used, and can go."""
    try:
        most = int(Path(limit).read_text(encoding="ascii"))
        now = int(Path(used).read_text(encoding="ascii"))
        files = _cached(Path(limit).with_name("memory.stat"))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return None
    return max(0, most - now + files)


def _cached(stat: Path) -> int:
    values = dict(line.split() for line in stat.read_text(encoding="ascii").splitlines())
    return int(values.get("inactive_file", 0)) + int(values.get("active_file", 0))
