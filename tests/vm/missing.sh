# In the machine, which has no sshd, and loses the folders of sudo and cron: loads every shipped rule and starts auditd anew, as a boot does.
set -u
rules=/etc/audit/rules.d
dpkg -i ./host-sensor_*.deb
rm -rf /etc/sudoers.d /etc/cron.d /etc/profile.d
ls -d /etc/sudoers.d /etc/cron.d /etc/ssh/sshd_config /var/spool/cron 2>/dev/null

report() {  # NAME: what auditd is after a start, and what is loaded
    augenrules --load >/dev/null 2>&1
    echo "$1 augenrules $?"
    systemctl restart auditd
    echo "$1 auditd $(systemctl is-active auditd)"
    echo "$1 rules $(auditctl -l | grep -c '^-a')"
    echo "$1 last $(auditctl -l | grep -c 'key=exec')"
    systemctl reset-failed
}

cp /usr/share/host-sensor/rules/recommended.rules $rules
report shipped
sleep 20
echo "shipped plugins $(pgrep -c -P "$(pidof auditd)")"

sed -i '/^-i$/d' $rules/recommended.rules
report without-i
