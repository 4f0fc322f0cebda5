"""Run the command line as ``python -m newscrawl``."""

import sys

try:
    from newscrawl.cli import main

    code = main()
except KeyboardInterrupt:  # in the first imports, before there is a handler
    code = 130
sys.exit(code)
