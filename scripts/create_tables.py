"""Drop all tables and create them anew, empty; says what would be lost and asks first.

    create_tables.py [--yes] [--warehouse URL]

`--yes` asks nothing. It is `sparkify schema --reset`, but asks without a terminal, too.
"""

import sys

from sparkify.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["schema", "--reset", "--ask"]
    main()
