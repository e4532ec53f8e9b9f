"""Nothing is lost, whatever is killed: the running stack, faults at random moments, a ledger."""
