"""Look-up tables: numbers of the kernel and of auditd, and what they are called.

A module here holds one table and the few functions that read it; it imports nothing of ours but other
tables. Modules that begin with "Generated" are written by `generate.py` and never edited by hand.
"""
