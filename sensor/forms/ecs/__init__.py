"""Events wholly in the words of the Elastic Common Schema: the form `output: ecs` writes.

    {"@timestamp":"2017-04-21T05:38:27.096Z","ecs":{"version":"8.17.0"},
     "event":{"kind":"event","category":["network"],…,"outcome":"failure","id":"1492753107.096:9004","module":"auditd",
       "dataset":"auditd_manager.auditd"},
     "host":{"name":"web01","id":"…","os":{"type":"linux",…},…},"agent":{…},"data_stream":{…},"service":{"type":"auditd"},
     "tags":["net"],"user":{…},
     "process":{"pid":1648,"parent":{"pid":1,"entity_id":"…","name":"bash",…},"name":"curl",
       "executable":"/usr/bin/curl","title":"curl 169.254.169.254","working_directory":"/","entity_id":"…"},
     "destination":{"address":"169.254.169.254","ip":"169.254.169.254","port":80},"network":{…},"related":{…},
     "auditd":{"message_type":"syscall","sequence":9004,"result":"fail","session":"3","summary":{…},
       "data":{"arch":"x86_64","syscall":"connect","exit":"EINPROGRESS","a0":"5",…,"socket":{…}},"paths":[{…}]},
     "host_sensor":{"process":{…},"spawned_by":{…}}}

`auditd` is laid out as auditbeat's, so that what is made for that finds its fields: `data` has every field without a
place in ECS, as text. What the sensor knows beyond the records and ECS has no word for is under `host_sensor`. The
members up to auditd.summary are those of SUMMARY. Text is plain; of bytes that are no UTF-8 the exact ones stand beside
it in hexadecimal, under the same name and `_hex`. No object has two names that differ in case only, and nothing is
empty.
"""

from __future__ import annotations

from sensor.forms.ecs.origin import VERSION, Origin, origin_of

__all__ = ["VERSION", "Origin", "origin_of"]
