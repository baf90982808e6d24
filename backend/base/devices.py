"""The device on which torch computes: the choice of `--device`, and the handling of full memory."""

from __future__ import annotations

import torch

from .errors import OptionError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name; "auto" takes CUDA, then MPS, then the CPU. Raises OptionError where there is none."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, is_present in present.items() if is_present))
    if name not in present:
        raise OptionError(f"There is no device {name!r}.", f"Choose one of auto, {', '.join(present)}.")
    if not present[name]:
        raise OptionError(f"PyTorch finds no {name} device on this machine.",
                          "Choose --device auto or cpu, or install the PyTorch build for your graphics card.")
    return torch.device(name)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether an error says that a device's memory is full. CUDA has a class for it, MPS only a message."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()


def free_cached_memory(device: torch.device) -> None:
    """Free the memory that torch keeps reserved on a device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
