"""The program in this process, which has torch already: for what needs no real one."""

import subprocess

import pytest
import torch

from core.cli import main


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tiny models have no work to share, and the real processes need the other cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def inside(capfd):
    """inside(*arguments): what the command line answers, and how it ends."""

    def call(*arguments):
        capfd.readouterr()  # a checkpoint that was just built has had its say
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return subprocess.CompletedProcess(arguments, end.value.code, *capfd.readouterr())

    return call
