"""Captures as armatures, Actions and cameras; the job that makes them."""
