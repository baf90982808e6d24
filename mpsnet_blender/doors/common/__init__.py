"""Preferences, the error dialog, the rate warning and pictures, for all parts of the user interface."""
