"""What a daphne process keeps after ten thousands of clients, most of them rude."""
