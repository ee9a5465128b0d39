"""`python -m impactive_async.sandbox`."""

import sys

from impactive_async.sandbox.serve import main

sys.exit(main())
