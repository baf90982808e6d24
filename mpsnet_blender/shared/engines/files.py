"""The authors' files that engines need in the models folder, and where to get them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .declaration import EngineDeclaration

_MPSNET_SITE = "https://github.com/MPS-Net/MPS-Net_release"
_MPSNET_LICENCE = "MIT (code); trained on data sets that are for non-commercial research"
_SPIN_LICENCE = "SPIN's, BSD 3-clause (code); trained on data sets that are for non-commercial research"
_VIBE_SITE = "https://github.com/mkocabas/VIBE"
_VIBE_LICENCE = "Max Planck licence of VIBE: non-commercial research, education and art, no redistribution"
_TCMR_SITE = "https://github.com/hongsukchoi/TCMR_RELEASE"
_TCMR_LICENCE = "MIT (code); trained on data sets that are for non-commercial research"
_MEVA_SITE = "https://github.com/ZhengyiLuo/MEVA"
_MEVA_LICENCE = "Carnegie Mellon licence of MEVA: academic or non-profit, non-commercial research only"
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

    @property
    def file_name(self) -> str:
        """The name in the models folder."""
        return f"{self.key}.npz"


MODEL_FILES = {file.key: file for file in (
    ModelFile("mpsnet", "mpsnet_model_best.pth.tar", "MPS-Net's temporal network", _MPSNET_SITE, _MPSNET_LICENCE),
    ModelFile("spin", "spin_model_checkpoint.pth.tar", "image features of each frame", _MPSNET_SITE, _SPIN_LICENCE),
    ModelFile("vibe", "vibe_model_wo_3dpw.pth.tar", "VIBE's temporal network", _VIBE_SITE, _VIBE_LICENCE),
    ModelFile("tcmr", "tcmr_demo_model.pth.tar", "TCMR's temporal network", _TCMR_SITE, _TCMR_LICENCE),
    ModelFile("meva", "model_best.pth.tar", "MEVA's temporal network", _MEVA_SITE, _MEVA_LICENCE),
    ModelFile("smpl_neutral", "SMPL_NEUTRAL.pkl", "the body, neutral", _SMPL_SITE, _SMPL_LICENCE),
    ModelFile("smpl_male", "SMPL_MALE.pkl", "the body, male", _SMPL_SITE, _SMPL_LICENCE),
    ModelFile("smpl_female", "SMPL_FEMALE.pkl", "the body, female", _SMPL_SITE, _SMPL_LICENCE),
    ModelFile("extra_joints", "J_regressor_extra.npy", "further joints of the surface", _MPSNET_SITE, _SPIN_LICENCE),
    ModelFile("h36m_joints", "J_regressor_h36m.npy", "the joints that evaluation compares", _MPSNET_SITE, _SPIN_LICENCE),
    ModelFile("mean_parameters", "smpl_mean_params.npz", "the mean body that training starts from", _MPSNET_SITE,
              _SPIN_LICENCE),
)}


def missing_files(folder: Path, engine: EngineDeclaration) -> list[ModelFile]:
    """Return the files that an engine needs and the models folder lacks."""
    return [MODEL_FILES[key] for key in engine.model_files if not (folder / MODEL_FILES[key].file_name).is_file()]
