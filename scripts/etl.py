"""Load what is new in the lake: `sparkify run`, whose options it takes."""

import sys

from sparkify.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["run"]
    main()
