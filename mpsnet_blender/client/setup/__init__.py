"""The set-up: an environment of Python packages, and the landmark models."""
