"""Preferences, errors and pictures that all doors share."""
