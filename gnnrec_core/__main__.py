"""`gnnrec` and `python -m gnnrec_core`."""

import os
import sys

from gnnrec_core.cli import main


def run() -> None:
    """Answer the command line and exit with its code.

    numpy is told not to ask for huge pages (unless the environment says so): a virtual machine has to fetch each one
    anew from its host, where single pages that were used before lie ready. It halves the time of a large import.
    """
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")  # numpy is not imported yet
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` say, has seen enough; nothing is left to flush to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


if __name__ == "__main__":
    run()
