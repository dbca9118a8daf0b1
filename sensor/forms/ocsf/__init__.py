"""Events wholly in the words of the Open Cybersecurity Schema Framework: the form `output: ocsf` writes.

    {"class_uid":1001,"category_uid":1,"activity_id":14,"type_uid":100114,"severity_id":1,"status_id":2,
     "status_code":"EACCES","time":1626611363720,
     "metadata":{"version":"1.5.0","product":{"name":"host-sensor",…},"profiles":["host"],"uid":"1626611363.720:348501",
       "event_code":"SYSCALL","logged_time":1626611363720,"log_name":"audit","labels":["etc"],"sequence":348501},
     "device":{"hostname":"web01","type_id":0,"os":{"name":"Debian GNU/Linux","type_id":200},"uid":"…"},
     "actor":{"process":{"pid":3148,"cpid":"b770…","uid":"b770…","name":"cat","file":{…},"parent_process":{"pid":3103,…},
         "user":{…}},
       "user":{"uid":"1000","name":"alice"},"session":{"uid":"3"}},
     "file":{"name":"shadow","path":"/etc/shadow","type_id":1,"uid":"12",…},
     "unmapped":{"data":{"syscall":"openat",…},"user":{…},"process":{…},"paths":[…],"host_sensor":{…}}}

Classes are those of version 1.5.0, which later ones still have; an event that lacks what its class requires is one of
Kernel Activity, if it is a system call, else a Base Event. Who launches a process is the actor, the parent that is; of
all other events the actor is who made the call. `unmapped` has the rest as `output: ecs` has it (`data`, `user` with
the login user under `audit`, `paths`, `host_sensor`), with the exact bytes of what is no UTF-8. Of a recorded log
without node= the device is not known: its name is "unknown", unless `host` gives one.
"""

from __future__ import annotations

from sensor.forms.ocsf.device import VERSION
from sensor.forms.ocsf.form import Ocsf

__all__ = ["VERSION", "Ocsf"]
