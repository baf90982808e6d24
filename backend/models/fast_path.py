"""MPS-Net for inference: the same numbers as `mpsnet.MPSNet` in eval mode, computed once per frame where that is enough.

Windows of neighbouring frames overlap, and all but the two softmaxes and HAFI's scores is linear. With X a frame's
feature, H = W_mask W_g and M a row of the fused map, MoCA gives Z = X + sum_s M_s H X_s. What follows needs of Z only
U Z (HAFI's `fc`, 256 values) and A Z (the folded regressor, 157 values). So each frame is projected once to theta, phi,
[U; A] X and [U; A] H X; a window then costs nine rows of the maps (the frames that HAFI reads) and small sums.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .mpsnet import MPSNet
from .regressor import BodyEstimate


class FastMPSNet:
    """The frozen network, folded. It keeps no autograd graph; dropout counts as off."""

    def __init__(self, network: MPSNet):
        with torch.no_grad():
            encoder = network.nonlocalblock
            self._front = network.front
            self._fuse_maps = encoder.fuse_maps
            self._hafi = encoder.attention
            self._rows = torch.tensor(self._hafi.groups, device=encoder.conv_g.weight.device).flatten()
            self._fc_size = self._hafi.fc.out_features
            regress, offset = network.regressor.as_affine_map()
            mask_g = encoder.conv_mask.weight[..., 0].double() @ encoder.conv_g.weight[..., 0].double()
            images = torch.cat((self._hafi.fc.weight.double(), regress))
            self._projection = torch.cat((encoder.conv_theta.weight[..., 0], encoder.conv_phi.weight[..., 0],
                                          images.float(), (images @ mask_g).float()))
            self._sizes = (encoder.conv_theta.out_channels, encoder.conv_phi.out_channels, len(images), len(images))
            self._offset = offset.float()

    @torch.inference_mode()
    def __call__(self, inputs: Tensor, windows: Tensor, release_batching: bool = False) -> BodyEstimate:
        """Return the bodies (N) of windows of frames: inputs (F, ...) per frame, windows (N, T) of indices into them.

        release_batching: as `mpsnet.TemporalEncoder.fuse_maps`, all N windows being the batch.
        """
        features = self._front(inputs)
        theta, phi, image, mapped_image = (features @ self._projection.T).split(self._sizes, dim=1)
        centre = windows[:, self._rows]                                             # (N, 9)
        fused = self._fuse_maps(_select_rows(features @ features.T, centre, windows).softmax(dim=-1),
                                _select_rows(theta @ phi.T, centre, windows).softmax(dim=-1), release_batching)
        images = image[centre] + fused @ mapped_image[windows]                      # (N, 9, 256 + 157)
        return BodyEstimate.from_vector(self._integrate(images) + self._offset)

    def _integrate(self, images: Tensor) -> Tensor:
        """Return HAFI's sum of the regressor's images (N, 157), from images (N, 9, 256 + 157) of the nine frames.

        Scores sum to 1, so that a weighted sum of U Z plus `fc`'s bias is `fc` of the weighted sum of Z.
        """
        count = len(images)
        groups = images.reshape(3 * count, 3, -1)
        for step in range(2):
            scores = self._hafi.scores(groups[..., :self._fc_size] + self._hafi.fc.bias)
            groups = (scores[:, :, None] * groups).sum(dim=1)
            if step == 0:
                groups = groups.view(count, 3, -1)
        return groups[:, self._fc_size:]


def _select_rows(products: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return entries (N, R, T) of a matrix (F, F): those at rows (N, R) and columns (N, T) of each window."""
    return products[rows[:, :, None], columns[:, None, :]]
