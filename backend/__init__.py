"""The backend: video in, motion files out. A process of its own, started as `python -m backend`."""
