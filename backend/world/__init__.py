"""Everybody on the floor: gravity, root path, contacts."""
