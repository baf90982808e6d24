"""The contracts between the backend and the add-on: skeleton, motion file, messages. Standard library and numpy."""
