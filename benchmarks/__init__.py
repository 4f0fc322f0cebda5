"""Measure newscrawl against truth, and train its models from it. Nothing here is shipped."""
