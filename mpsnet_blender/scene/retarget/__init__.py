"""Rigs read and keyed."""
