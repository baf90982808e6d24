"""The backend: from a video to motion files. It is a separate process, started as `python -m backend`."""

import os

# Our matrices are many and small: threads of numpy's linear algebra only wait for each other, ten times longer on a busy
# machine. Read when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
