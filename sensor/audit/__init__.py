"""The audit wire format and nothing else: no descriptor, no clock, no log."""
