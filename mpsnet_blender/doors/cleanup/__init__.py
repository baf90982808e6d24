"""User interface of clean-up, in the Mocap tab."""
