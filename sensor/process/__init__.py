"""Who did it: process GUIDs, the process table, and the reader of /proc."""
