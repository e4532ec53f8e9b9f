"""What presence costs where many are here."""
