"""The mannequin: the body that an imported person wears, made of formulas."""
