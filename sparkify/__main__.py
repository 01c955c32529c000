"""The command `sparkify`, and `python -m sparkify`."""

import sys

try:
    from sparkify.cli import main
except ImportError as error:
    if error.name != "fcntl":
        raise
    sys.exit(f"sparkify: {error}")  # one line, on a system where it does not run

if __name__ == "__main__":
    main()
