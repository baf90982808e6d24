"""Fingers: where a body of ours has them, and how a motion moves them."""
