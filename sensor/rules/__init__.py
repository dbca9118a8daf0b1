"""`host-sensor rules`: the audit rules that we recommend, in one table: shown, installed, checked, measured.

table   every rule: what it matches, its key, ATT&CK techniques, why, and in which set it is
render  rules as lines of auditctl(8), for a host whose auditctl and system calls are known
target  what this host's auditctl and kernel know, and whose home directories there are
install writes one file below /etc/audit/rules.d and loads it beside the rules of others
check   what is installed, what is loaded, and what each key costs according to the log
"""
