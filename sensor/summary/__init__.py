"""Who did what to what, how, and with what result: events in the words of the Elastic Common Schema (ECS).

`calls` and `records` are the rules, as text; `rules` reads them. `facts` is an event as one flat table of names and
values, `actors` the users in it, `objects` what was acted upon, `summary` the three together, for SUMMARY. `ecs` writes
whole events (`output: ecs`), with the help of `enrichment`.
"""
