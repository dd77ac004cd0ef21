"""How the documentation is built: `make docs`."""

project = "physml"
author = "The physml developers"
copyright = "2026, The physml developers"
extensions = ["myst_nb", "sphinx.ext.mathjax"]
html_theme = "sphinx_book_theme"
html_title = "physml"
# Pages are read, not run: their blocks are tested by tests/test_readme.py.
nb_execution_mode = "off"
myst_heading_anchors = 3
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]
