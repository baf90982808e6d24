"""User interface of retargeting and bone maps, in the Mocap tab."""
