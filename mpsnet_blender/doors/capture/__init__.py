"""The Mocap tab: capture and import."""
