"""What the shell may ask of the backend."""
