"""`python -m gnnrec_core`."""

import sys

from gnnrec_core.cli import main

sys.exit(main())
