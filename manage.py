#!/usr/bin/env python
"""Ownroom's command line: `python manage.py help`."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bridge.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018  the first name asked for reads them all
    except (ImproperlyConfigured, OSError) as error:
        sys.exit(f"The settings cannot be used: {error}")
    execute_from_command_line(sys.argv)
