"""The engines: what the panel, the shell and the backend know of them before they run, and the files that they need."""
