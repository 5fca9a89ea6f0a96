"""A Jupyter kernel that need not import torch first: a copy of the tests' template of processes."""

import asyncio
import os
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from support import processes


class CopiedKernel(LocalProvisioner):
    """Starts `python -m ipykernel_launcher` as support/processes.py starts programs."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        with Path(os.devnull).open("wb") as nothing:
            self.process = processes.start(
                cmd[cmd.index("-m") :],
                stdout=nothing,
                stderr=nothing,
                cwd=kwargs["cwd"],
                env=kwargs["env"],
            )
        self.pid = self.process.pid
        return self.connection_info

    async def wait(self) -> int | None:
        while await self.poll() is None:
            await asyncio.sleep(0.05)
        self.process = None
        return None


class CopiedKernelManager(AsyncKernelManager):
    """Jupyter's own, for `nbclient.NotebookClient(kernel_manager_class=...)`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.provisioner = CopiedKernel(kernel_id="copy", kernel_spec=self.kernel_spec, parent=self)
