"""`manage.py doctor`: what is wrong with a site that runs here, each with the line to change."""
