"""The commands of `mocap.py` besides `capture` and `models`."""
