"""The documentation; `generate` writes the tables that repeat what the code says."""
