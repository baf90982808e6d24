"""The networks on image features: MPS-Net, and those that its paper compares it with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from ..base.errors import OptionError
from .chunked_network import ChunkedNetwork
from .frame_network import FrameNetwork
from .network_motion import FeatureNetwork
from .sequential_network import SequentialNetwork
from .windowed_network import make_mpsnet, make_tcmr

_Make = Callable[[Mapping[str, np.ndarray], torch.device], FeatureNetwork]


@dataclass(frozen=True)
class NetworkKind:
    """A method. weights: the key of its file in `shared.engines.files.MODEL_FILES`; crop_scale: side of its crops over that of a
    person's box, for image and camera alike; release_batching: makes the network that repeats the published code's batches of
    N frames."""
    weights: str
    crop_scale: float
    make: _Make
    release_batching: Callable[[int], _Make] | None = None


# Crop scales are those of the published demos. Where a demo has another scale for its camera, its overlay is too small.
NETWORKS = {
    "mpsnet": NetworkKind("mpsnet", 1.1, make_mpsnet, lambda count: partial(make_mpsnet, release_batching=count)),
    "spin": NetworkKind("spin", 1.2, FrameNetwork),
    "vibe": NetworkKind("vibe", 1.1, SequentialNetwork, lambda count: partial(SequentialNetwork, restart_every=count)),
    "tcmr": NetworkKind("tcmr", 1.2, make_tcmr),
    "meva": NetworkKind("meva", 1.2, ChunkedNetwork),
}


def make_network(method: str, weights: Mapping[str, np.ndarray], device: torch.device,
                 release_batching: int | None = None) -> FeatureNetwork:
    """Return the network of a method, a key of `NETWORKS`. weights: of its file in the models folder.

    release_batching: None, or the N of `NetworkKind`. Raises OptionError where the published code of the method has no batches
    that change its result.
    """
    kind = NETWORKS[method]
    if release_batching is None:
        return kind.make(weights, device)
    if kind.release_batching is None:
        able = ", ".join(name for name, other in NETWORKS.items() if other.release_batching)
        raise OptionError(f"The results of {method} do not depend on batches.", f"--release-batching is for {able}.")
    return kind.release_batching(release_batching)(weights, device)
