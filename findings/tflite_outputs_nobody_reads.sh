#!/usr/bin/env bash
# LiteRT computes every output of a model on each call, read or not: MediaPipe's pose landmark model spends two fifths of its time on
# a mask of the body that a reader of landmarks never asks for. An interpreter has no setting that leaves an output out; it must be
# taken out of the file. All other outputs then stay equal bit for bit.
#
# Versions: pose_landmark_full.tflite of the wheel mediapipe 0.10.21; ai-edge-litert 2.3.0; flatbuffers 25.12.19; numpy 2.4.6. None
# of our code. About 130 MB, into a temporary folder.
# Input: noise. The mask (1, 256, 256, 1) and the operators that compute nothing else are removed by LiteRT's own classes of its
# schema; both models run on one thread, in turn, and the shortest of 30 calls counts.
# Seen on 2026-11-28: 332 operators, 14.7 ms | without the mask 286 operators, 8.9 ms | other outputs equal
# Fails where that has changed: outputs differ, or the whole model takes less than 1.2 times as long.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$python" -m venv environment
environment/bin/pip install --quiet ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.4.6
environment/bin/pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64 \
    mediapipe==0.10.21
"$python" -m zipfile -e mediapipe-*.whl .
environment/bin/python - <<'PYTHON'
import sys
import time

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

with open("mediapipe/modules/pose_landmark/pose_landmark_full.tflite", "rb") as file:
    whole = file.read()
model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(whole))
graph = model.subgraphs[0]
count = len(graph.operators)
graph.outputs = [output for output in graph.outputs if list(graph.tensors[output].shape) != [1, 256, 256, 1]]
needed, kept = set(graph.outputs), []
for operator in reversed(graph.operators):
    if needed.intersection(operator.outputs):
        needed.update(operator.inputs)
        kept.insert(0, operator)
graph.operators = kept
builder = flatbuffers.Builder(len(whole))
builder.Finish(model.Pack(builder), b"TFL3")

picture = np.random.default_rng(0).random((1, 256, 256, 3), dtype=np.float32)
interpreters = [Interpreter(model_content=content, num_threads=1) for content in (whole, bytes(builder.Output()))]
for interpreter in interpreters:
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
seconds = [np.inf, np.inf]
for _ in range(30):
    for number, interpreter in enumerate(interpreters):
        begun = time.perf_counter()
        interpreter.invoke()
        seconds[number] = min(seconds[number], time.perf_counter() - begun)
outputs = [{detail["name"]: interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()}
           for interpreter in interpreters]
equal = len(outputs[1]) == len(outputs[0]) - 1 and all(np.array_equal(outputs[0][name], value) for name, value in outputs[1].items())
print(f"{count} operators, {1000 * seconds[0]:.1f} ms | without the mask {len(kept)} operators, {1000 * seconds[1]:.1f} ms | "
      f"other outputs {'equal' if equal else 'DIFFERENT'}")
sys.exit(0 if equal and seconds[0] > 1.2 * seconds[1] else "This has changed.")
PYTHON
