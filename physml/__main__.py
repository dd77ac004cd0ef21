"""``python -m physml``: the command line."""

import sys

from physml.cli import main

sys.exit(main())
