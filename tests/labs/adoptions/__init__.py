"""Sites of others from the package index, adopted by the commands of docs/records/adoptions.md."""
