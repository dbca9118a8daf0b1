"""Who did what to what, how, and with what result: events in the words of the Elastic Common Schema (ECS).

`calls` and `records` are the rules, as text; `rules` reads them. `facts` is an event as one flat table of names and
values, `actors` the users in it, `objects` what was acted upon, `verdicts` what security modules decided,
`circumstances` what the records around a call mean, `summary` all of them together: for SUMMARY and for the forms ECS
and OCSF (sensor.forms). `counts` counts events by category.
"""
