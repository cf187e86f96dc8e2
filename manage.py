#!/usr/bin/env python
"""Ownroom's command line: `python manage.py help`."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bridge.settings")
    from bridge.commandline import run

    run(sys.argv)
