"""A wheel, installed where there is no clone: all its files, the command line and the dashboard.

What Headsweep depends on is lent by the environment that runs the tests; nothing is downloaded.
"""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support import processes
from support.serving import await_server, free_port
from support.streamlit_client import Session, by_itself

ROOT = Path(__file__).parent.parent
ROOMS = ("headsweep", "core", "components", "pages", "app.py", ".streamlit")
"""What of the clone is in the wheel."""


def files_of_git() -> list[str]:
    """What is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of what git knows, built as `make wheel` does."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in files_of_git():
        copy = source / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    pip("wheel", source, "--no-deps", "--no-build-isolation", "--no-index", "-w", out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel, and no way to the clone."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    program = folder / "bin" / "python"
    pip("--python", program, "install", "--no-deps", "--no-index", wheel)
    (site,) = folder.glob("lib/python*/site-packages")
    # The packages beside pytest; a folder named so is not searched for .pth files, so that an
    # editable install of the clone does not count.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return program


def pip(*arguments: object) -> None:
    given = [sys.executable, "-m", "pip", "--quiet", *map(str, arguments)]
    done = subprocess.run(given, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def environment(folder: Path) -> dict[str, str]:
    """Variables that name no other place to import from; runs are kept in `folder`."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return known | {"HEADSWEEP_DATA_DIR": str(folder / "data")}


def run(*command: object, cwd: Path) -> str:
    """What a command prints."""
    given = [*map(str, command)]
    done = subprocess.run(given, cwd=cwd, env=environment(cwd), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_has_every_file_of_the_clone_and_no_other(wheel):
    expected = {name for name in files_of_git() if name.split("/")[0] in ROOMS}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "core/demo/model/model.safetensors" in packed
    assert packed == expected


@pytest.mark.slow
def test_the_public_names_are_there_without_a_clone(python, tmp_path):
    program = "import headsweep, core; print(headsweep.SweepSpec.__name__, core.__file__)"
    name, file = run(python, "-c", program, cwd=tmp_path).split()
    assert name == "SweepSpec"
    assert Path(file).is_relative_to(python.parents[1])


SCRIPT = """
import runpy, sys
from pathlib import Path
sys.path.insert(0, sys.argv.pop(1))
del sys.argv[0]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    import core
    print(Path(core.__file__).parent, file=sys.stderr)
"""


@pytest.mark.slow
def test_the_console_script_sweeps(python, tmp_path):
    """In a process that has torch already; the next test starts the script itself."""
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    program = (
        "-c", SCRIPT, str(site), str(python.with_name("headsweep")), "sweep",
        "--prompt", "red green blue red green", "--target", " blue", "--format", "csv",
    )  # fmt: skip
    done = processes.run(program, cwd=tmp_path, env=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 + 12
    assert done.stderr.splitlines()[-1] == str(site / "core")


@pytest.mark.slow
def test_the_dashboard_is_served_and_draws_its_first_page(python, tmp_path):
    port, log = free_port(), tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [python.with_name("headsweep"), "serve", "--port", str(port), "--base-path", "lab"],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://localhost:{port}/lab"
        await_server(f"{url}/_stcore/health", process, log)
        assert by_itself(first_heatmap(url)).shape == (3, 4)
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()


async def first_heatmap(url: str) -> np.ndarray:
    """What the first page shows, once it is at rest; raises for an exception on the page."""
    async with Session(url) as session:
        return session.heatmap()
