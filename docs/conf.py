"""Sphinx configuration: sphinx-build -W docs docs/_build"""

project = "nengo-ngc"
author = "The nengo-ngc developers"
extensions = ["myst_parser"]
myst_heading_anchors = 2
exclude_patterns = ["_build"]
html_theme = "alabaster"
