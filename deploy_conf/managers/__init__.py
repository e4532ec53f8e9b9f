"""What keeps a site's processes alive, as `reload` asks it: supervisord, or systemd."""
