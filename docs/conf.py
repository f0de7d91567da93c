"""Sphinx configuration: sphinx-build -W docs docs/_build"""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "extensions")]

project = "nengo-ngc"
author = "The nengo-ngc developers"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "dark_figures",
    "mathml",
    "published",
]
default_role = "py:obj"
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "gallery"]

html_theme = "pydata_sphinx_theme"
html_title = "nengo-ngc"
html_show_sourcelink = False
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_theme_options = {
    "navbar_align": "left",
    "collapse_navigation": True,  # all entries on each of the pages would take minutes
    "show_toc_level": 2,
    "search_as_you_type": True,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}
html_math_renderer = "mathml"  # pages need nothing from a network

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False  # Nengo and scikit-learn have pages for theirs
autodoc_typehints = "none"
autosummary_generate = False  # the extension api_pages does it
numpydoc_show_class_members = False

# links within these pages must resolve; names of other packages are not links
nitpicky = True
_OTHERS = "nengo|nengo_dl|numpy|scipy|sklearn|abc|collections|typing|tf_keras|jax"
nitpick_ignore_regex = [(".*", rf"({_OTHERS})\..*")]

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "notebooks",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "capture_repr": (),
    "doc_module": ("nengo_ngc",),
    "reference_url": {"nengo_ngc": None},
    "backreferences_dir": "notebooks/uses",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 3600,
}
