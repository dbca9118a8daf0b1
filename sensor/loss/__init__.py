"""What never came: the kernel's own account of audit, and the holes in the serials of the records that came.

Neither is enough alone. A record that the kernel drops at a full backlog leaves no hole in the serials, and counts in
`lost` (audit_status); what auditd's queue or the rate limit drops leaves a hole and does not count there (serials).
"""
