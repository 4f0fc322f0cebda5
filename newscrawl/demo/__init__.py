"""A small fictional news web, used as demo and as test fixtures."""
