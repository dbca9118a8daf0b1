"""`host-sensor ship`: the log's events to another machine, at least once and in order; the rotated log is the queue.

    audit.jsonl.2  audit.jsonl.1  audit.jsonl  ──► follow ──► batch ──► kind (tcp, kafka, …) ──► far end
                                                     ▲                             │ acknowledged
                                                     └────────── cursor ◄──────────┘

A program of its own: it reads what `run` has written, as an unprivileged user, and `run` does not know that it exists.
The cursor moves only when the far end has acknowledged. After any failure (of the network, of the far end, of this
program) reading begins again at the cursor, so an event may arrive twice but none is left out.

generations   the log and its rotated files: names, order, identity
follow        reading them in order, through rotation, compression, truncation
awaited       what was seen behind the cursor, so that it is missed where it goes
batch         what is sent at once
cursor        how far the far end has acknowledged
sender        the loop: read, send, acknowledge, retry, give up on single events
kinds/        one file for each protocol, each with its Options
"""
