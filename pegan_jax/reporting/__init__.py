"""The page of a run, report.html; `report.py` makes it of parts.

A part is a module with a `TITLE` and a `collect` that takes a `source.Source`, a template
of its name in templates/, and a line in `report.PARTS`.
"""
