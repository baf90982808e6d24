"""ResNet-50 as an image encoder: 224 x 224 crops to 2048 features. Key names are torchvision's, as in SPIN's checkpoint.

He et al., "Deep residual learning for image recognition", CVPR 2016; the stride sits in the 3x3 convolution.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

FEATURE_SIZE = 2048
CROP_SIZE = 224
# Planes, blocks and stride of the four stages.
_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
_EXPANSION = 4


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions around a shortcut: (N, in, H, W) to (N, 4 planes, H / stride, W / stride)."""

    def __init__(self, in_channels: int, planes: int, stride: int, has_projection: bool):
        super().__init__()
        out_channels = planes * _EXPANSION
        self.conv1 = nn.Conv2d(in_channels, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                                        nn.BatchNorm2d(out_channels)) if has_projection else None

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.bn1(self.conv1(x)).relu_()
        x = self.bn2(self.conv2(x)).relu_()
        return self.bn3(self.conv3(x)).add_(shortcut).relu_()


class ResNet50(nn.Module):
    """Features (N, 2048) of normalised RGB crops (N, 3, 224, 224): the last stage's mean over the image."""
    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        channels = 64
        for number, (planes, blocks, stride) in enumerate(_STAGES, 1):
            stage = [Bottleneck(channels, planes, stride, has_projection=True)]
            channels = planes * _EXPANSION
            stage += [Bottleneck(channels, planes, 1, has_projection=False) for _ in range(blocks - 1)]
            setattr(self, f"layer{number}", nn.Sequential(*stage))

    def blocks(self) -> list[Bottleneck]:
        """Return the 16 blocks in order."""
        return [module for module in self.modules() if isinstance(module, Bottleneck)]

    def forward(self, crops: Tensor) -> Tensor:
        x = self.maxpool(self.bn1(self.conv1(crops)).relu_())
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean((2, 3))


def fold_batchnorm(network: ResNet50) -> ResNet50:
    """Fold every BatchNorm of an eval network into the convolution before it, in place; return the network.

    gamma (W x - mean) / sqrt(var + eps) + beta is one convolution with W' = gamma / sqrt(var + eps) W.
    """
    _fold(network, (("conv1", "bn1"),))
    for block in network.blocks():
        _fold(block, (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3")))
        if block.downsample is not None:
            _fold(block.downsample, (("0", "1"),))
    return network


def _fold(module: nn.Module, pairs: tuple[tuple[str, str], ...]) -> None:
    for convolution, norm in pairs:
        setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
        setattr(module, norm, nn.Identity())


def fast_resnet50(weights: dict[str, Tensor]) -> ResNet50:
    """Return an eval ResNet-50 with these weights, BatchNorm folded, in channels_last memory order."""
    network = ResNet50().eval().requires_grad_(False)
    network.load_state_dict(weights)
    return fold_batchnorm(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch forgets this form
