"""Write, check and grade homework sheets: `python -m homework.grader --help`."""
