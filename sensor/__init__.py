"""host-sensor: the Linux audit stream as JSON Lines, with the exact identity of every process."""

__version__ = "0.1.0"
