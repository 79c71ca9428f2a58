"""All stages of the method in one go, from seeds to walkers that were invented for a terrain."""
