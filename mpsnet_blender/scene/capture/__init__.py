"""Import of captures as armatures, Actions and cameras; the job that makes a capture."""
