"""Finding of all people in a video, which is kept on disk while it goes on: an interrupted capture continues where it was."""
