"""The user interface: operators, panels and properties."""
