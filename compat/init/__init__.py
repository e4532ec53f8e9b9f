"""`python -m django_bridge init`: what an existing project has to say for live pages, as a diff."""
