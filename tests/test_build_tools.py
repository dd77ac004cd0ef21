"""What builds the package is pinned, and the Makefile tells the pins to every pip.

pip 23.2.1 takes the tools of an isolated build from PIP_CONSTRAINT, pip 26.3 from
PIP_BUILD_CONSTRAINT alone: with both, and hatchling==1.28.0 in the file, each of them built a
package with 1.28.0 where it took 1.33.0 without.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()

# What hatchling 1.33.0 brings.
BROUGHT = ("packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers")


def test_both_variables_name_the_file_of_pins():
    for variable in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"):
        assert re.findall(rf"^export {variable} = (.*)$", MAKEFILE, re.M) == ["constraints.txt"]
    assert "-c constraints.txt" in MAKEFILE


def test_every_tool_of_the_build_has_one_release():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tools = [re.split(r"[<>=~!; ]", need)[0] for need in document["build-system"]["requires"]]
    for tool in (*tools, *BROUGHT):
        pins = [line for line in lines if re.match(rf"{tool}==[\d.]+$", line)]
        assert len(pins) == 1, f"{tool}: {pins}"
