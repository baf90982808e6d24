"""The Mocap tab: clean-up."""
