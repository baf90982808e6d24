"""User interface of capture and import, in the Mocap tab."""
