"""The captures of a batch on a Ray cluster, as many at a time as its machines take. Ray is installed by the user."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpsnet_blender.shared.protocol import Error

from ..base.errors import BatchError, CancelRequested
from ..base.reporter import Reporter
from .capture_process import DIED
from .cluster_task import ROOT, Task, TaskEnd, run_task

_REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements-ray.txt"
_MOST_CORES = 2             # of a capture: with more it is hardly quicker, by estimate; a machine runs as many captures as fit
_TRIES_AGAIN = 3            # of a capture whose process or machine was lost
_CHECK_SECONDS = 0.2        # between checks for a request to cancel
_STAGE = "Capturing videos"


def run_on_cluster(tasks: list[Task], address: str, reporter: Reporter) -> Iterator[tuple[int, TaskEnd]]:
    """Run tasks on the cluster at an address ("auto": the one of this machine); yield each one's number and end, as they end.

    Raises BatchError where Ray is missing or the cluster cannot be reached, and CancelRequested.
    """
    ray = _connect(address)
    try:
        cores = min(_MOST_CORES, max(node["Resources"].get("CPU", 1) for node in ray.nodes() if node["Alive"]))
        reporter.log("info", f"Ray: {len(tasks)} captures on {_describe(ray)}.")
        remote = ray.remote(run_task).options(num_cpus=cores, max_retries=_TRIES_AGAIN)
        pending = {remote.remote(task): number for number, task in enumerate(tasks)}
        try:
            while pending:
                reporter.progress(_STAGE, len(tasks) - len(pending), len(tasks), "videos")
                ended, _ = ray.wait(list(pending), num_returns=1, timeout=_CHECK_SECONDS)
                for reference in ended:
                    yield pending.pop(reference), _take(ray, reference)
        except CancelRequested:
            for reference in pending:
                ray.cancel(reference, force=True)       # the capture's process ends when its parent has gone
            raise
    finally:
        ray.shutdown()


def _connect(address: str) -> Any:
    try:
        import ray
    except ImportError:
        raise BatchError("Ray is not installed in the backend's environment.",
                         f"Install it there, on every machine of the cluster: {sys.executable} -m pip install "
                         f"-r {_REQUIREMENTS}") from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error",
                 runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}})
    except (ConnectionError, OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        reason = str(error).strip().splitlines()
        raise BatchError(f"The Ray cluster at {address} cannot be used: {reason[0] if reason else type(error).__name__}",
                         "Start it with `ray start --head`, with this environment's Python, and run the batch on one of its "
                         "machines. With RAY_AUTH_MODE=token, all of them need the same token.") from None
    return ray


def _describe(ray: Any) -> str:
    machines = [node for node in ray.nodes() if node["Alive"]]
    cores = sum(int(node["Resources"].get("CPU", 0)) for node in machines)
    return f"{len(machines)} {'node' if len(machines) == 1 else 'nodes'} with {cores} cores"


def _take(ray: Any, reference: Any) -> TaskEnd:
    """Return how a task ended; where it was lost more often than it is tried again, an Error."""
    try:
        end: TaskEnd = ray.get(reference)
        return end
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        return TaskEnd(Error(DIED, f"The capture was lost on the cluster: {reason}"), 0.0, "")
