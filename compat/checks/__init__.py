"""System checks: what `manage.py check` says, with stable ids."""
