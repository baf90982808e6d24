"""The authors' files that the mpsnet engine needs in its models folder, and where to get them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_MPSNET_SITE = "https://github.com/MPS-Net/MPS-Net_release"
_MPSNET_LICENCE = "MIT (code); trained on data sets that are for non-commercial research"
_SPIN_LICENCE = "SPIN's, BSD 3-clause (code); trained on data sets that are for non-commercial research"
_SMPL_SITE = "https://smpl.is.tue.mpg.de (after registration)"
_SMPL_LICENCE = "SMPL body model licence: non-commercial research, no redistribution"


@dataclass(frozen=True)
class ModelFile:
    """One file of the models folder: its key there, its authors' name, its purpose, the site to get it from, and its licence."""
    key: str
    original_name: str
    purpose: str
    site: str
    licence: str
    is_required: bool = True

    @property
    def file_name(self) -> str:
        """The name in the models folder."""
        return f"{self.key}.npz"


MODEL_FILES = {file.key: file for file in (
    ModelFile("mpsnet", "mpsnet_model_best.pth.tar", "the paper's temporal network", _MPSNET_SITE, _MPSNET_LICENCE),
    ModelFile("spin", "spin_model_checkpoint.pth.tar", "image features of each frame", _MPSNET_SITE, _SPIN_LICENCE),
    ModelFile("smpl_neutral", "SMPL_NEUTRAL.pkl", "the body, neutral", _SMPL_SITE, _SMPL_LICENCE),
    ModelFile("smpl_male", "SMPL_MALE.pkl", "the body, male", _SMPL_SITE, _SMPL_LICENCE, False),
    ModelFile("smpl_female", "SMPL_FEMALE.pkl", "the body, female", _SMPL_SITE, _SMPL_LICENCE, False),
    ModelFile("extra_joints", "J_regressor_extra.npy", "further joints of the surface", _MPSNET_SITE, _SPIN_LICENCE, False),
    ModelFile("h36m_joints", "J_regressor_h36m.npy", "the joints that evaluation compares", _MPSNET_SITE, _SPIN_LICENCE,
              False),
    ModelFile("mean_parameters", "smpl_mean_params.npz", "the mean body that training starts from", _MPSNET_SITE,
              _SPIN_LICENCE, False),
)}


def missing_files(folder: Path) -> list[ModelFile]:
    """Return the files that the engine requires and the models folder lacks."""
    return [file for file in MODEL_FILES.values() if file.is_required and not (folder / file.file_name).is_file()]
