"""`host-sensor show` and `host-sensor tree`: the log for people, on the host that wrote it.

Lines (`logs`) become LogEvents (`read`; one file for each output form), are chosen by `conditions`, and are written for
a terminal by `screen`, or put into a process tree by `tree`. `command` is what the command line calls. Everything
streams; what is kept is bounded.
"""
