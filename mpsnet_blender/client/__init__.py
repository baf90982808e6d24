"""The backend's Python environment and its processes. Needs only the standard library, no bpy."""
