"""`python -m impactive_async.sandbox`."""

import sys

from .serve import main

sys.exit(main())
