"""host-sensor: the Linux audit stream as JSON Lines, with the exact identity of every process."""
