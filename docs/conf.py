"""How the documentation is built: `make docs`."""

import importlib
from pathlib import Path
from typing import Any

project = "physml"
author = "The physml developers"
copyright = "2026, The physml developers"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon"]
html_theme = "sphinx_book_theme"
html_title = "physml"
# One search field, in the sidebar.
html_theme_options = {"navbar_persistent": []}
# Pages are read, not run: their blocks are tested by tests/test_readme.py.
nb_execution_mode = "off"
myst_heading_anchors = 3
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]

# Each room's page lists its `__all__`: what it defines and what it takes from its files.
autodoc_default_options = {"members": True, "imported-members": True, "member-order": "bysource"}
autodoc_typehints = "none"  # the docstrings say shapes and units, which types do not
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
toc_object_entries_show_parents = "hide"

API = Path(__file__).parent / "api"


def told_all(app: Any, environment: Any) -> None:
    """A name that a room lists and its page does not tell is a warning, and so an error."""
    from sphinx.util import logging

    told = environment.domaindata["py"]["objects"]
    for page in sorted(API.glob("*.md")):
        if page.stem == "index":
            continue
        # What is no class and no function is told by `autodata`, from the file that defines it.
        room = f"physml.{page.stem}"
        here = {name.rpartition(".")[2] for name in told if name.startswith(f"{room}.")}
        for name in getattr(importlib.import_module(room), "__all__", ()):
            if name not in here:
                logging.getLogger(__name__).warning(
                    "%s: add `.. autodata::` of %s.%s", page, room, name
                )


def setup(app: Any) -> None:
    app.connect("env-check-consistency", told_all)
