"""Fixtures of the MPS-Net engine's tests: synthetic downloads, made once, and the models folder made from them."""

from pathlib import Path

import pytest
import torch

from backend.paper.checkpoints import add_models
from tests.mpsnet.made_models import write_downloads

# The networks are small, and the machine may be busy: several threads wait for each other longer than they compute. The training
# test took 36 s with two threads on an idle machine and 169 s on a busy one.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def downloads(tmp_path_factory) -> Path:
    return write_downloads(tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="session")
def models_folder(downloads, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    add_models(downloads, folder, lambda sentence: None)
    return folder
