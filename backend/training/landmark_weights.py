"""The trained temporal network, folded to plain arrays for inference without torch (see `engines.lifter`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from scipy.linalg import fractional_matrix_power
from torch import Tensor

from ..engines.lifter_inputs import POSE_SIZE
from ..models.regressor import Regressor, double
from .landmark_network import CONFIG, LandmarkNetwork, make_start_vector


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


@torch.no_grad()
def unfold_network(arrays: dict[str, np.ndarray], seed: int = 0) -> LandmarkNetwork:
    """Return a network whose folded arrays are these, to train it further; raise KeyError where one is missing.

    Folding loses which of many equal networks it was: the regressor's step becomes the cube root of its three, and its hidden
    units share the directions by lot (`seed`), so that dropout harms all alike.
    """
    network = LandmarkNetwork()
    values = {name: torch.from_numpy(array.astype(np.float64)) for name, array in arrays.items()}
    encoder, hafi = network.mpsnet.nonlocalblock, network.mpsnet.nonlocalblock.attention
    network.front.load_state_dict(_part(values, "front."))
    hafi.attention.load_state_dict(_part(values, "attention."))
    inner, images_size = CONFIG.feature_size // 2, CONFIG.attention_size + POSE_SIZE + CONFIG.contacts
    theta, phi, images, mapped = values["projection"].split((inner, inner, images_size, images_size))
    to_fc, per_feature, to_contacts = images.split((CONFIG.attention_size, POSE_SIZE, CONFIG.contacts))
    left, size, right = torch.linalg.svd(torch.linalg.pinv(images) @ mapped)
    for layer, weight in ((encoder.conv_theta, theta), (encoder.conv_phi, phi), (encoder.conv_mask_forR, values["map_weights"]),
                          (encoder.conv_mask, left[:, :inner] * size[:inner].sqrt()),
                          (encoder.conv_g, size[:inner, None].sqrt() * right[:inner]),
                          (hafi.fc, to_fc), (network.mpsnet.contact_head, to_contacts)):
        layer.weight.copy_(weight.reshape(layer.weight.shape))
    offset, contacts_offset = values["offset"].split((POSE_SIZE, CONFIG.contacts))
    hafi.fc.bias.copy_(values["fc_bias"])
    network.mpsnet.contact_head.bias.copy_(contacts_offset)
    _unfold_regressor(network.mpsnet.regressor, per_feature, values["start"], offset, torch.Generator().manual_seed(seed))
    return network


def _part(values: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    """Return the values whose names begin so, by the rest of their names."""
    return {name.removeprefix(start): value for name, value in values.items() if name.startswith(start)}


def _unfold_regressor(regressor: Regressor, per_feature: Tensor, per_start: Tensor, offset: Tensor,
                      generator: torch.Generator) -> None:
    """Give a regressor the layers whose steps make of features x and start y: per_feature x + per_start y + offset (144)."""
    step = torch.from_numpy(np.real(fractional_matrix_power(per_start.numpy(), 1 / regressor.iterations)))
    steps = torch.stack([torch.linalg.matrix_power(step, power) for power in range(regressor.iterations)]).sum(0)
    per_input = torch.cat((torch.linalg.solve(steps, per_feature), step - torch.eye(POSE_SIZE)), dim=1)
    left, size, right = torch.linalg.svd(per_input, full_matrices=False)
    first, second = (torch.linalg.qr(torch.randn(CONFIG.regressor_size, POSE_SIZE, generator=generator, dtype=torch.float64))[0]
                     for _ in range(2))
    share = size ** (1 / 3)         # of each of the three layers
    for layer in (regressor.fc1, regressor.fc2, regressor.decpose, regressor.decshape, regressor.deccam):
        layer.bias.zero_()
    regressor.fc1.weight.zero_()    # shape and camera change nothing
    regressor.fc1.weight[:, :per_input.shape[1]] = first * share @ right
    regressor.fc2.weight.copy_(second * share @ first.T)
    regressor.decpose.weight.copy_(left * share @ second.T)
    regressor.decpose.bias.copy_(torch.linalg.solve(steps, offset))


def save_weights(network: LandmarkNetwork, path: Path) -> None:
    """Write the folded weights atomically."""
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **fold_network(network))  # type: ignore[arg-type]  # no key is named allow_pickle
    partial.replace(path)
