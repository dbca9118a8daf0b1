"""Who the sensor is on this host and what it may do: users and groups, capabilities, system calls, files to trust."""
