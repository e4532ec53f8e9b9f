"""Published vulnerabilities: which reach the stack, and what answers each."""
