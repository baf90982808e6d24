"""How good a capture is: measured against known truth."""
