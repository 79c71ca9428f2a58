"""Where a training computes: this CPU in float32, or one or several GPUs in bfloat16.

GPUs go through accelerate (`accelerate launch -m ulmus train diff ...` for several); a plain CPU
does without it, which saves its import of some seconds. The loop sees no difference.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Machine(Protocol):
    """What the loop needs of a machine."""

    device: torch.device
    num_processes: int
    process_index: int
    is_main_process: bool

    def prepare(self, net: nn.Module, optimizer: Any) -> tuple[Any, Any]:
        """Bring network and optimizer to the device."""
        ...

    def accumulate(self, net: nn.Module, last: bool) -> contextlib.AbstractContextManager[Any]:
        """Gradients of several batches add up; processes meet at the last one."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of a loss."""
        ...

    def clip(self, weights: Iterable[nn.Parameter], norm: float) -> float:
        """Shorten the gradient to a norm; returns its norm before."""
        ...

    def mean(self, value: Tensor) -> float:
        """Return the mean of a number over the processes."""
        ...


class Cpu:
    """One process, float32."""

    def __init__(self) -> None:
        self.device = torch.device("cpu")
        self.num_processes = 1
        self.process_index = 0
        self.is_main_process = True

    def prepare(self, net: nn.Module, optimizer: Any) -> tuple[Any, Any]:
        """Return both as they are."""
        return net, optimizer

    def accumulate(self, net: nn.Module, last: bool) -> contextlib.AbstractContextManager[Any]:
        """Do nothing: gradients add up by themselves."""
        return contextlib.nullcontext()

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of a loss."""
        loss.backward()  # type: ignore[no-untyped-call]

    def clip(self, weights: Iterable[nn.Parameter], norm: float) -> float:
        """Shorten the gradient to a norm; returns its norm before."""
        return float(nn.utils.clip_grad_norm_(list(weights), norm))

    def mean(self, value: Tensor) -> float:
        """Return the number itself."""
        return float(value)


class Accelerated:
    """One or several GPUs, bfloat16 where the hardware has it."""

    def __init__(self) -> None:
        from accelerate import Accelerator  # type: ignore[import-untyped]

        gpu = torch.cuda.is_available()
        precision = "bf16" if gpu and torch.cuda.is_bf16_supported() else "no"
        self._inner = Accelerator(cpu=not gpu, mixed_precision=precision)
        self.device = self._inner.device
        self.num_processes = self._inner.num_processes
        self.process_index = self._inner.process_index
        self.is_main_process = self._inner.is_main_process

    def prepare(self, net: nn.Module, optimizer: Any) -> tuple[Any, Any]:
        """Bring network and optimizer to the device; several processes share gradients."""
        net, optimizer = self._inner.prepare(net, optimizer)
        return net, optimizer

    def accumulate(self, net: nn.Module, last: bool) -> contextlib.AbstractContextManager[Any]:
        """Let the processes exchange gradients at the last batch only."""
        return contextlib.nullcontext() if last else self._inner.no_sync(net)

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of a loss."""
        self._inner.backward(loss)

    def clip(self, weights: Iterable[nn.Parameter], norm: float) -> float:
        """Shorten the gradient to a norm; returns its norm before."""
        return float(self._inner.clip_grad_norm_(list(weights), norm))

    def mean(self, value: Tensor) -> float:
        """Return the mean of a number over the processes."""
        return float(self._inner.reduce(value, "mean"))


def machine() -> Machine:
    """Return the best machine at hand; WORLD_SIZE is set by accelerate's launcher."""
    if torch.cuda.is_available() or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return Accelerated()
    return Cpu()
