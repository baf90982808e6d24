"""The networks and the body: torch modules from arrays. No files, no images, no messages."""
