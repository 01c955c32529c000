"""Delete the cluster and its belongings: `sparkify cluster delete`, whose options it takes."""

import sys

from sparkify.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["cluster", "delete"]
    main()
