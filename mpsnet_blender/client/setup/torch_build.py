"""The PyTorch build for this computer: `pip install torch` downloads gigabytes of CUDA on Linux even without a GPU."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

TORCH_VERSION = "2.13.0"
_INDEX = "https://download.pytorch.org/whl"


@dataclass(frozen=True)
class TorchBuild:
    """A build of PyTorch: its name for users, pip's requirement and options, its size in MB to download and on disk."""
    name: str
    requirement: str
    pip_options: tuple[str, ...]
    download_megabytes: int
    disk_megabytes: int


def find_torch_build() -> TorchBuild:
    """Return the build for this computer: CUDA where there is an NVIDIA driver, Apple's GPU on a Mac, else the CPU's."""
    if sys.platform == "darwin":
        return TorchBuild("Apple GPU", f"torch=={TORCH_VERSION}", (), 90, 400)
    if has_nvidia_gpu():
        # PyPI's Linux build is the CUDA one; its Windows build is not.
        if sys.platform == "win32":
            return TorchBuild("NVIDIA CUDA", f"torch=={TORCH_VERSION}+cu130", _make_index_option("cu130"), 2000, 5000)
        return TorchBuild("NVIDIA CUDA", f"torch=={TORCH_VERSION}", (), 2800, 7000)
    if sys.platform == "win32" or platform.machine() not in ("x86_64", "AMD64"):
        return TorchBuild("CPU", f"torch=={TORCH_VERSION}", (), 200, 900)
    return TorchBuild("CPU", f"torch=={TORCH_VERSION}+cpu", _make_index_option("cpu"), 192, 900)


def has_nvidia_gpu() -> bool:
    """Tell whether an NVIDIA driver is running."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _make_index_option(name: str) -> tuple[str, ...]:
    return ("--extra-index-url", f"{_INDEX}/{name}")
