"""A model without outputs that nobody reads computes the others as before, and does not compute what was for those alone."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from backend.base.tflite_graph import keep_outputs

POINTS, PRESENCE, MASK, HEATMAPS, WORLD = 195, 1, 256 * 256, 64 * 64 * 39, 117


@pytest.fixture(scope="module")
def content(models_folder) -> bytes:
    return (models_folder / "pose_landmark_full.tflite").read_bytes()


def run(content: bytes) -> dict[int, np.ndarray]:
    """Return a model's outputs for a fixed picture, by their sizes."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    picture = np.random.default_rng(3).random((1, 256, 256, 3), np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()
    read = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
    return {output.size: output for output in read}


def test_the_outputs_that_are_kept_stay_equal_bit_for_bit(content):
    before = run(content)
    after = run(keep_outputs(content, (POINTS, WORLD, HEATMAPS, PRESENCE)))
    assert set(before) == {POINTS, PRESENCE, MASK, HEATMAPS, WORLD}
    assert set(after) == {POINTS, PRESENCE, HEATMAPS, WORLD}
    for size, values in after.items():
        np.testing.assert_array_equal(values, before[size])


def test_operators_that_only_the_mask_needs_are_gone(content):
    assert count_operators(content) == 332
    assert count_operators(keep_outputs(content, (POINTS, WORLD, HEATMAPS, PRESENCE))) == 286
    assert count_operators(keep_outputs(content, (POINTS, PRESENCE, MASK, HEATMAPS, WORLD))) == 332


def count_operators(content: bytes) -> int:
    """Return the number of the model's operators by LiteRT's own reader."""
    return schema.Model.GetRootAs(content, 0).Subgraphs(0).OperatorsLength()
