"""What backend and add-on share: skeleton, motion file, options, messages. Needs only the standard library and numpy."""
