"""The trained temporal network, folded to plain arrays for inference without torch (see `engines.lifter`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ..engines.lifter_inputs import POSE_SIZE
from ..models.regressor import double
from .landmark_network import LandmarkNetwork, make_start_vector


@torch.no_grad()
def fold_network(network: LandmarkNetwork) -> dict[str, np.ndarray]:
    """Return the arrays that `lifter.TemporalLifter` reads, float16: the same algebra as `models.fast_path`.

    `projection` takes a feature to theta, phi, then U x (HAFI's `fc`) and A x (pose and contacts), then both of H x, the
    image that MoCA adds; `start` and `offset` complete pose and contacts.
    """
    mpsnet = network.mpsnet
    encoder, contact = mpsnet.nonlocalblock, mpsnet.contact_head
    hafi = encoder.attention
    per_feature, per_start, offset = mpsnet.regressor.as_affine_map_of_start()
    rest = double(make_start_vector(torch.zeros(1, POSE_SIZE)))[0]
    offset = (per_start @ rest + offset)[:POSE_SIZE]
    images = torch.cat((double(hafi.fc.weight), per_feature[:POSE_SIZE], double(contact.weight)))
    moca = double(encoder.conv_mask.weight[..., 0]) @ double(encoder.conv_g.weight[..., 0])
    theta, phi = double(encoder.conv_theta.weight[..., 0]), double(encoder.conv_phi.weight[..., 0])
    projection = torch.cat((theta, phi, images, images @ moca))
    arrays = {f"front.{name}": parameter for name, parameter in network.front.arrays().items()}
    arrays |= {f"attention.{name}": parameter for name, parameter in hafi.attention.state_dict().items()}
    arrays |= {"projection": projection, "fc_bias": hafi.fc.bias, "map_weights": encoder.conv_mask_forR.weight.flatten(),
               "start": per_start[:POSE_SIZE, :POSE_SIZE], "offset": torch.cat((offset, double(contact.bias)))}
    return {name: array.detach().numpy().astype(np.float16) for name, array in arrays.items()}


def save_weights(network: LandmarkNetwork, path: Path) -> None:
    """Write the folded weights atomically."""
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **fold_network(network))  # type: ignore[arg-type]  # no key is named allow_pickle
    partial.replace(path)
