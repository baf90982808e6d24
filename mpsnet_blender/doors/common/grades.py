"""The icons of grades, the same in all panels."""

GRADE_ICONS = {"green": "CHECKMARK", "amber": "INFO", "red": "ERROR"}
