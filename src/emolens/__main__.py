import sys

from emolens.cli.main import main

sys.exit(main())
