"""What telling other processes of an entry costs: through Redis, through PostgreSQL, not at all."""
