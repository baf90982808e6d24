"""The Mocap tab: retarget and bone map."""
