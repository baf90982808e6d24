"""Measurement of captures, and of the paper's network, against known truth."""
