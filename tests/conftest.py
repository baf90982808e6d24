"""What all tests share: captures keep what they find in a folder of the test, not in the user's."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache_of_shared_captures(tmp_path_factory):
    """The cache of captures that several tests share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPSNET_CACHE", str(tmp_path_factory.mktemp("shared-cache")))
        yield


@pytest.fixture(autouse=True)
def cache(cache_of_shared_captures, tmp_path_factory, monkeypatch):
    """The test's cache, an empty folder."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("MPSNET_CACHE", str(folder))
    return folder
