"""Studies of operators outside a search: one mutation, then a verdict."""
