"""`python -m tsgi`."""

import sys

from tsgi import main

sys.exit(main())
