"""The words and icons of grades, the same in all panels."""

GRADE_ICONS = {"green": "CHECKMARK", "amber": "INFO", "red": "ERROR"}
GRADE_WORDS = {"green": "Good", "amber": "Fair", "red": "Poor"}
