"""Where a training computes: this CPU, or one or several GPUs in bfloat16.

GPUs go through accelerate (`accelerate launch -m ulmus train diff ...` for several); a plain CPU
does without it, which saves its import of some seconds. The loop sees no difference.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterable
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

Precision = Literal["float32", "bfloat16"]

BFLOAT16_FROM = 10_000_000
"""Weights from which products in bfloat16 pay on a CPU with matrix units: 1.25 x for 12 million
weights, 1.7 x for 33 and for an adapter on 135 million, nothing for 3 million, whose time goes into
everything else (Xeon with AMX, one thread)."""


class Machine(Protocol):
    """What the loop needs of a machine."""

    device: torch.device
    num_processes: int
    process_index: int
    is_main_process: bool

    def prepare(self, net: nn.Module, optimizer: Any) -> tuple[Any, Any]:
        """Bring network and optimizer to the device."""
        ...

    def precision(self, num_weights: int) -> Precision:
        """Return in which numbers a network of that size is best multiplied here."""
        ...

    def numbers(self, precision: Precision) -> contextlib.AbstractContextManager[Any]:
        """Multiply in these numbers; weights, sums and losses stay in float32."""
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
    """One process; float32, or bfloat16 for large networks where the CPU has matrix units (AMX)."""

    def __init__(self) -> None:
        _keep_memory()
        self.device = torch.device("cpu")
        self.num_processes = 1
        self.process_index = 0
        self.is_main_process = True

    def prepare(self, net: nn.Module, optimizer: Any) -> tuple[Any, Any]:
        """Return both as they are."""
        return net, optimizer

    def precision(self, num_weights: int) -> Precision:
        """Return bfloat16 for large networks on a CPU with matrix units, else float32."""
        return "bfloat16" if num_weights >= BFLOAT16_FROM and has_matrix_units() else "float32"

    def numbers(self, precision: Precision) -> contextlib.AbstractContextManager[Any]:
        """Multiply in these numbers."""
        return torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")

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

    def precision(self, num_weights: int) -> Precision:
        """Return what accelerate was told at the beginning."""
        return "bfloat16" if self._inner.mixed_precision == "bf16" else "float32"

    def numbers(self, precision: Precision) -> contextlib.AbstractContextManager[Any]:
        """Do nothing: accelerate has wrapped the network."""
        return contextlib.nullcontext()

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


def has_matrix_units() -> bool:
    """Tell whether this CPU multiplies bfloat16 in tiles (AMX)."""
    asked = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(asked and asked())


def _keep_memory() -> None:
    """Keep freed memory instead of giving it back to the system after each operation.

    A step makes thousands of tensors of some megabytes, and the C library fetches each of them
    anew from the system, whose pages cost more than the sums in them: half of the time was system
    time. An adapter on 135 million weights trains 1.2 x (float32) to 1.8 x (bfloat16) as fast with
    this, 3 million weights 1.14 x. Only the GNU C library has the call; elsewhere nothing happens.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if tune is None:
        return
    trim_threshold, top_pad, mmap_max = -1, -2, -4  # malloc.h
    tune(mmap_max, 0)
    tune(trim_threshold, 2**31 - 1)
    tune(top_pad, 64 * 2**20)
