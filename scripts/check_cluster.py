"""Look at the cluster and what it costs: `sparkify cluster status`, whose options it takes."""

import sys

from sparkify.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["cluster", "status"]
    main()
