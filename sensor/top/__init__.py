"""What fills a log (`host-sensor top`): read it, count the heaviest in bounded memory, show them with shares and bars.

`heavy` counts, `seen` takes out of an event what is counted, `read` reads audit logs and those of the sensor itself,
`show` makes the table.
"""
