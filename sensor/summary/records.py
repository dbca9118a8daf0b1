"""What record types report: the rules for events whose main record is none of a system call, as text.

    action                   object          category:type                    options record types…
    logged-in                user-session    authentication:start             @session @auth USER_LOGIN
    loaded-bpf-program       bpf             driver:start                     object=prog-id BPF[op=LOAD]

An indented line belongs to the one above it. `TYPE[field=value]` and `TYPE[field]` are for
records of a type in which a field has that value, or is there; the first rule that fits
counts. Several categories or types are joined by `+`; `-` stands for nothing. Each
option names fields, of which the first one that is there counts; msg_uid is the uid in msg='…' where it is another
than that of the program that reports it; pam_faillock has the account under suid:

    subject=, subject2=    who did it, and as whom; without them auid and uid
    object=, object2=      what it was done to
    how=                   by what means; without it the program
    source=                address it came from
    user=, effective=, target=, group=    what of the above, or which field, names those users in ECS
    kind=                  event.kind, if it is not `event`
    @session, @auth, @account, @anomaly …     several options at once: see MACROS

The rules of types that go-libaudit's normalizations.yaml (Elastic, Apache-2.0) has are its
own, those of types it does not have are auparse's (audit-userspace); behind them is what neither has.
"""

from __future__ import annotations

MACROS = {
    "@session": "subject=auid subject2=acct,id,msg_uid,uid object=terminal object2=addr,hostname how=exe,terminal "
    "source=addr",
    "@auth": "user=subject effective=subject2",
    "@changes": "user=subject effective=uid",
    "@account": "object=id,acct,msg_uid user=subject effective=subject2 source=addr",
    "@anomaly": "kind=alert subject2=acct,id,msg_uid,suid,uid user=subject effective=subject2 source=addr",
    "@alert": "kind=alert",
}

_ACCOUNTS = """
locked-account                 account         iam:user+info @account target=object ACCT_LOCK
unlocked-account               account         iam:user+info @account target=object ACCT_UNLOCK
added-group-account-to         account         iam:group+creation @account object=id,grp,acct group=object ADD_GROUP
added-user-account             account         iam:user+creation @account target=object ADD_USER
deleted-group-account-from     account         iam:group+deletion @account object=id,grp,acct group=object DEL_GROUP
deleted-user-account           account         iam:user+deletion @account target=object DEL_USER
modified-group-account         account         iam:group+change @changes object=grp object2=acct,id group=object
    target=acct GRP_MGMT[grp]
modified-group-account         account         iam:group+change @changes object=id,acct group=object GRP_MGMT
assigned-user-role-to          account         iam:user+change @account target=object ROLE_ASSIGN
modified-role                  -               iam:change ROLE_MODIFY
removed-user-role-from         account         iam:user+change @account target=object ROLE_REMOVE
modified-user-account          user-session    iam:user+change @session @changes target=subject2 group=grp USER_MGMT
changed-password               user-session    iam:user+change @session @changes target=subject2 USER_CHAUTHTOK
changed-group-password         user-session    iam:group+change @session @changes object=grp,acct group=grp
    GRP_CHAUTHTOK[grp]
changed-group-password         user-session    iam:group+change @session @changes object=acct group=subject2
    GRP_CHAUTHTOK
acquired-credentials           user-session    authentication:info @session @auth CRED_ACQ
disposed-credentials           user-session    authentication:info @session @auth CRED_DISP
refreshed-credentials          user-session    authentication:info @session @auth CRED_REFR
authenticated-to-group         -               authentication:info @auth group=grp,new_gid source=addr GRP_AUTH
changed-login-id-to            user-session    authentication:start subject=old_auid,old-auid subject2=uid
    object=new-auid,new_auid,auid user=subject effective=object LOGIN
was-authorized                 user-session    authentication:info @session @auth USER_ACCT
authenticated                  user-session    authentication:info @session @auth USER_AUTH
ended-session                  user-session    session:end @session @auth USER_END
error                          user-session    authentication:info @session @auth USER_ERR
logged-in                      user-session    authentication:start @session @auth USER_LOGIN
logged-out                     user-session    authentication:end @session @auth USER_LOGOUT
changed-role-to                user-session    iam:user+change @session object=selected-context USER_ROLE_CHANGE
started-session                user-session    session:start @session @auth USER_START
"""

_PROGRAMS = """
issued-vm-control              virtual-machine host:info object=op object2=vm VIRT_CONTROL
created-vm-image               -               host:info VIRT_CREATE
deleted-vm-image               -               host:info VIRT_DESTROY
checked-integrity-of           -               host:info VIRT_INTEGRITY_CHECK
assigned-vm-id                 virtual-machine host:info object=vm VIRT_MACHINE_ID
migrated-vm-from               -               host:info VIRT_MIGRATE_IN
migrated-vm-to                 -               host:info VIRT_MIGRATE_OUT
assigned-vm-resource           virtual-machine host:info object=resrc object2=vm VIRT_RESOURCE
changed-group                  -               process:change group=grp,new_gid,new-gid,id CHGRP_ID
changed-user-id                -               process:change @account target=object CHUSER_ID
sent-test                      -               process:info TEST
unknown                        -               process:info TRUSTED_APP
ran-command                    process         process:start object=cmd USER_CMD
booted-system                  system          host:start SYSTEM_BOOT
changed-to-runlevel            system          host:change object=new-level SYSTEM_RUNLEVEL
shutdown-system                system          host:end SYSTEM_SHUTDOWN
started-service                service         process:start object=unit,comm SERVICE_START
stopped-service                service         process:end object=unit,comm SERVICE_STOP
changed-audit-configuration    audit-config    process+configuration:change
    object=op,key,audit_enabled,audit_pid,audit_backlog_limit,audit_failure CONFIG_CHANGE
aborted-auditd-startup         service         process:end DAEMON_ABORT
remote-audit-connected         service         network:connection+start source=addr DAEMON_ACCEPT
remote-audit-disconnected      service         network:connection+start source=addr DAEMON_CLOSE
changed-auditd-configuration   service         process+configuration:change DAEMON_CONFIG
shutdown-audit                 service         process:end DAEMON_END
audit-error                    service         process:info DAEMON_ERR
reconfigured-auditd            service         process+configuration:info DAEMON_RECONFIG
resumed-audit-logging          service         process:change DAEMON_RESUME
rotated-audit-logs             service         process:change DAEMON_ROTATE
started-audit                  service         process:start DAEMON_START
initialized-audit-subsystem    -               process:info KERNEL
changed-configuration          system          configuration:change object=op USYS_CONFIG
loaded-firewall-rule-to        firewall        configuration:change object=table NETFILTER_CFG
changed-audit-feature          system          configuration:change object=feature FEATURE_CHANGE
changed-system-time            system          host:change TIME_ADJNTPVAL TIME_INJOFFSET
unloaded-kernel-module         file            driver:end object=name KERN_MODULE[syscall=delete_module]
loaded-kernel-module           file            driver:start object=name KERN_MODULE
typed                          keystrokes      process:info object=data how=comm,exe TTY USER_TTY
sent-message                   -               process:info object=addr USER
package-updated                software        package:info object=sw object2=sw_type SOFTWARE_UPDATE
configured-device              device          host:change object=device USER_DEVICE
loaded-bpf-program             bpf             driver:start object=prog-id BPF[op=LOAD]
unloaded-bpf-program           bpf             driver:end object=prog-id BPF
connected-to                   socket          process:info object=nl-mcgrp EVENT_LISTENER[op=connect]
disconnected-from              socket          process:info object=nl-mcgrp EVENT_LISTENER
"""

_POLICIES = """
violated-apparmor-policy       policy          intrusion_detection:denied object=operation
    object2=requested_mask,denied_mask,capname AVC[apparmor=DENIED] AVC[apparmor=KILLED] APPARMOR_DENIED APPARMOR_KILL
violated-apparmor-policy       policy          intrusion_detection:denied object=operation object2=mask
    USER_AVC[apparmor=DENIED] USER_AVC[apparmor=KILLED]
used-apparmor-policy           policy          intrusion_detection:info object=operation
    object2=requested_mask,capname AVC[apparmor=ALLOWED] AVC[apparmor=AUDIT] AVC[apparmor=HINT] APPARMOR
    APPARMOR_AUDIT APPARMOR_ALLOWED APPARMOR_HINT AA
used-apparmor-policy           policy          intrusion_detection:info object=operation object2=mask
    USER_AVC[apparmor=ALLOWED] USER_AVC[apparmor=AUDIT] USER_AVC[apparmor=HINT]
changed-apparmor-policy        policy          configuration:change object=operation object2=name AVC[apparmor]
    APPARMOR_STATUS APPARMOR_ERROR
violated-smack-policy          policy          intrusion_detection:denied subject=subject object=object
    object2=requested AVC[lsm=SMACK]
accessed-mac-policy-controlled-object -        intrusion_detection:info subject=scontext object=tcontext
    object2=tclass AVC[granted] USER_AVC[granted]
violated-selinux-policy        -               intrusion_detection:denied subject=scontext object=tcontext
    object2=tclass AVC USER_AVC[denied]
relabeled-filesystem           mac-config      configuration:change FS_RELABEL
modified-level-of              printer         configuration:change object=printer LABEL_LEVEL_CHANGE
overrode-label-of              mac-config      configuration:change LABEL_OVERRIDE
mac-permission                 -               process:info MAC_CHECK
changed-selinux-boolean        mac-config      configuration:change object=bool MAC_CONFIG_CHANGE
loaded-selinux-policy          mac-config      configuration:access MAC_POLICY_LOAD
changed-integrity-policy       integrity-policy configuration:change object=enforcing MAC_STATUS[lsm=ipe]
changed-selinux-enforcement    mac-config      configuration:change object=enforcing MAC_STATUS USER_MAC_STATUS
access-permission              -               process:info USER_AVC
changed-mac-configuration      mac-config      configuration:change USER_MAC_CONFIG_CHANGE
loaded-mac-policy              mac-config      configuration:access USER_MAC_POLICY_LOAD
access-error                   -               process:info USER_SELINUX_ERR
violated-seccomp-policy        process         intrusion_detection:denied object=syscall SECCOMP
caused-mac-policy-error        system          intrusion_detection:info SELINUX_ERR
negotiated-crypto-key          user-session    process:info @session object=fp CRYPTO_KEY_USER
crypto-officer-logged-in       -               process:info CRYPTO_LOGIN
crypto-officer-logged-out      -               process:info CRYPTO_LOGOUT
started-crypto-session         user-session    process:info @session object=addr object2=rport
    CRYPTO_SESSION
access-result                  -               process:info DAC_CHECK
added-mac-network-domain-mapping-to mac-config      configuration:change object=nlbl_domain MAC_MAP_ADD
deleted-mac-network-domain-mapping-from mac-config      configuration:change object=nlbl_domain MAC_MAP_DEL
is-allowing-unlabeled-network-traffic mac-config      configuration:change MAC_UNLBL_ALLOW[unlbl_accept=1]
is-disallowing-unlabeled-network-traffic mac-config      configuration:change MAC_UNLBL_ALLOW
accessed-policy-controlled-file file            file:access FANOTIFY
"""

_ANOMALIES = """
crashed-program                process         process+intrusion_detection:end+info @alert object=comm,exe object2=pid
    how=sig ANOM_ABEND
attempted-execution-of-forbidden-program process         process+intrusion_detection:start+info @alert object=cmd
    how=terminal ANOM_EXEC
used-suspicious-link           file            file+intrusion_detection:access+info @alert ANOM_LINK
created-suspicious-file        file            file+intrusion_detection:creation+info @alert ANOM_CREAT
failed-log-in-too-many-times-to user-session    authentication+intrusion_detection:start+denied @session @anomaly
    ANOM_LOGIN_FAILURES
attempted-log-in-from-unusual-place-to user-session    authentication+intrusion_detection:start+denied @session @anomaly
    ANOM_LOGIN_LOCATION
opened-too-many-sessions-to    user-session    authentication+intrusion_detection:start+denied @session @anomaly
    ANOM_LOGIN_SESSIONS
attempted-log-in-during-unusual-hour-to user-session    authentication+intrusion_detection:start+denied @session
    @anomaly ANOM_LOGIN_TIME
changed-promiscuous-mode-on-device network-device  intrusion_detection+host:info+change @alert object=dev
    ANOM_PROMISCUOUS
tested-file-system-integrity-of filesystem      intrusion_detection:info @alert object=hostname
    ANOM_RBAC_INTEGRITY_FAIL
attempted-log-in-to-watched-account -               authentication+intrusion_detection:start+denied @anomaly
    ANOM_LOGIN_ACCT
max-discretionary-access-control-failures-reached -               intrusion_detection:info @alert ANOM_MAX_DAC
max-mandatory-access-control-failures-reached -               intrusion_detection:info @alert ANOM_MAX_MAC
abstract-machine-test-utility-failure -               intrusion_detection:info @alert ANOM_AMTU_FAIL
rbac-self-test-failure         -               intrusion_detection:info @alert ANOM_RBAC_FAIL
crypto-system-test-failure     -               intrusion_detection:info @alert ANOM_CRYPTO_FAIL
made-an-executable             -               file+intrusion_detection:change+info @alert ANOM_MK_EXEC
accessed-watched-file-or-directory -               file+intrusion_detection:access+info @alert ANOM_ACCESS_FS
added-user-account             -               iam+intrusion_detection:user+creation+info @alert @account
    target=object ANOM_ADD_ACCT
deleted-user-account           -               iam+intrusion_detection:user+deletion+info @alert @account
    target=object ANOM_DEL_ACCT
modified-user-account          -               iam+intrusion_detection:user+change+info @alert @account
    target=object ANOM_MOD_ACCT
user-became-root               -               authentication+intrusion_detection:start+info @alert ANOM_ROOT_TRANS
service-account-attempted-login -               authentication+intrusion_detection:start+denied @anomaly
    ANOM_LOGIN_SERVICE
"""

_NEITHER = """
attempted-root-login           -               authentication+intrusion_detection:start+denied @anomaly ANOM_LOGIN_ROOT
failed-log-in-too-many-times-from -               authentication+intrusion_detection:start+denied @alert object=addr
    source=addr ANOM_ORIGIN_FAILURES
behaved-unusually-in-session   user-session    session+intrusion_detection:info @alert ANOM_SESSION
responded-to-anomaly           -               intrusion_detection:info RESP_ANOMALY RESP_ALERT RESP_EXEC RESP_SEBOOL
killed-process                 process         intrusion_detection+process:end+info RESP_KILL_PROC
ended-session                  user-session    intrusion_detection+session:end+info RESP_TERM_ACCESS RESP_TERM_LOCK
locked-account                 account         intrusion_detection+iam:user+change+info @account
    object=id,acct,msg_uid,suid,uid target=object RESP_ACCT_REMOTE RESP_ACCT_LOCK RESP_ACCT_LOCK_TIMED
unlocked-account               account         intrusion_detection+iam:user+change+info @account
    object=id,acct,msg_uid,suid,uid target=object RESP_ACCT_UNLOCK_TIMED
changed-to-runlevel            system          intrusion_detection+host:change+info RESP_SINGLE RESP_HALT
blocked-address                -               intrusion_detection+network:denied object=addr RESP_ORIGIN_BLOCK
    RESP_ORIGIN_BLOCK_TIMED
unblocked-address              -               intrusion_detection+network:allowed object=addr
    RESP_ORIGIN_UNBLOCK_TIMED
violated-integrity-policy      file            file+intrusion_detection:access+denied object=name object2=op
    INTEGRITY_DATA INTEGRITY_METADATA
checked-integrity-of           file            file:info object=name,file object2=op INTEGRITY_STATUS INTEGRITY_HASH
    INTEGRITY_PCR INTEGRITY_EVM_XATTR INTEGRITY_USERSPACE INTEGRITY_RULE[file]
changed-integrity-policy       integrity-policy configuration:change object=action INTEGRITY_RULE
    INTEGRITY_POLICY_RULE
checked-integrity-policy       file            file:access object=path object2=ipe_op,op IPE_ACCESS
changed-integrity-policy       integrity-policy configuration:change object=policy_name,new_active_pol_name
    object2=old_active_pol_name IPE_CONFIG_CHANGE IPE_POLICY_LOAD
violated-landlock-policy       security-policy intrusion_detection:denied
    object=path,opid,daddr,dest,saddr,src object2=blockers LANDLOCK_ACCESS
changed-security-policy        security-policy process:change object=domain LANDLOCK_DOMAIN
changed-mac-network-labels     mac-config      configuration:change MAC_CIPSOV4_ADD MAC_CIPSOV4_DEL MAC_CALIPSO_ADD
    MAC_CALIPSO_DEL MAC_UNLBL_STCADD MAC_UNLBL_STCDEL
changed-ipsec-policy           mac-config      network:info MAC_IPSEC_EVENT MAC_IPSEC_ADDSA MAC_IPSEC_DELSA
    MAC_IPSEC_ADDSPD MAC_IPSEC_DELSPD
changed-device-mapper          device          host:change object=dev DM_CTRL
checked-integrity-of           device          host:info object=dev DM_EVENT
passed-packet                  firewall        network:info NETFILTER_PKT
allocated-device               device          host:start DEV_ALLOC
deallocated-device             device          host:end DEV_DEALLOC
exported-label                 -               file:info USER_LABELED_EXPORT USER_UNLABELED_EXPORT
used-crypto                    -               process:info CRYPTO_TEST_USER CRYPTO_PARAM_CHANGE_USER
    CRYPTO_FAILURE_USER CRYPTO_REPLAY_USER CRYPTO_IKE_SA CRYPTO_IPSEC_SA
"""

RULES = _ACCOUNTS + _PROGRAMS + _POLICIES + _ANOMALIES + _NEITHER

OTHER = "{name} - process:info"
"""The rule of every other record type; {name} is what it is called, in small letters with hyphens."""
