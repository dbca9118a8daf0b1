# In the machine, second boot, which is the reboot after the installation: what a host goes through with the sensor, and
# what is broken on purpose. A line `name: value` is a result.
set -u
log=/var/log/host-sensor/audit.jsonl
export DEBIAN_FRONTEND=noninteractive
mkdir -p out/broken

wait_for() {  # SECONDS COMMAND...: until the command succeeds
    left=$1; shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { echo "waited for: $*"; return 1; }
        sleep 1
    done
}
step() { echo "## $*"; echo "## $*" >/dev/ttyS0; }
everything() { cat $log.* $log 2>/dev/null; }
denials() { cat /var/log/audit/audit.log* | grep -a 'apparmor="DENIED"' | grep -ac 'profile="host-sensor'; }
reached() {  # NAME: every event so far is in the log
    auditctl -m "mark-$1"
    wait_for 300 grep -q "mark-$1" $log
}

step "boot"
wait_for 120 sh -c 'host-sensor probe status | grep -q "a sensor is reading it"'
echo "units failed: $(systemctl --failed --no-legend | wc -l)"
echo "probe from the cache, ns of CPU: $(systemctl show -P CPUUsageNSec host-sensor-probe)"
ps -o label= -C host-sensor | sort | uniq -c | sed 's/^ */profile of the plugin: /'
auditctl -b 65536 >/dev/null
printf 'auditlog: {size: 1 GiB}\nenrich: {container: true, exe_hash: true, execve_env: [PATH]}\nlabel_process: {label_container: {".*": boxed}}\n' \
    >/etc/host-sensor/conf.d/test.yaml
host-sensor check
systemctl restart auditd
wait_for 60 sh -c 'host-sensor probe status | grep -q "a sensor is reading it"'

step "people and jobs"
useradd -m tester
echo 'tester ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/tester
echo '* * * * * root /bin/echo from-cron' >/etc/cron.d/test
systemctl start cron
timeout 120 systemd-run -q --wait -p PAMName=login -p User=tester sudo /bin/echo from-sudo
timeout 120 systemd-nspawn -q --register=no -D / --volatile=yes --as-pid2 --pipe /bin/echo from-container </dev/null
wait_for 120 grep -q '"/bin/echo","from-cron"\|"echo","from-cron"' $log
systemctl stop cron
rm /etc/cron.d/test
reached people

step "programs, while the package is upgraded and downgraded"
number=0
while [ $number -lt 500 ]; do /bin/true all-$number; number=$((number + 1)); done
reached all
load() {  # programs with numbers, until told to stop
    number=0
    while [ ! -e stop ]; do /bin/true upgrade-$number; number=$((number + 1)); done
    echo $number >count-upgrade
}
load &
sleep 2; dpkg -i ./later/*.deb >/dev/null 2>&1; echo "upgrade: $?"
sleep 5; dpkg -i ./package/*.deb >/dev/null 2>&1; echo "downgrade: $?"
sleep 5; touch stop; wait
reached upgrade
echo "programs all: 500"
echo "programs upgrade: $(cat count-upgrade)"
for name in all upgrade; do
    echo "logged $name: $(everything | grep -o "\"$name-[0-9]*\"\]}" | sort -u | wc -l)"
done
auditctl -s | sed -n 's/^lost /records lost by the kernel: /p'
host-sensor probe status
everything | grep EXECVE | grep -o '"GUID_SOURCE":"[a-z]*"' | sort | uniq -c | sort -rn | head -4
everything >out/log
echo "denials: $(denials)"

step "broken on purpose"
broken() {  # NAME-OF-THE-FINDING BREAK MEND
    sh -c "$2" >/dev/null 2>&1
    host-sensor doctor --json --no-test-event >"out/broken/$1.json"
    sh -c "$3" >/dev/null 2>&1
}
conf=/etc/host-sensor/conf.d/broken.yaml rules=/etc/audit/rules.d/60-broken.rules auditd=/etc/audit/auditd.conf
plugin=/etc/audit/plugins.d/host-sensor.conf program=/usr/libexec/host-sensor
host-sensor doctor --json --no-test-event >out/doctor-before.json
broken audit.enabled "auditctl -e 0" "auditctl -e 1"
broken audit.rate_limit "auditctl -r 100" "auditctl -r 0"
broken audit.backlog_limit "auditctl -b 64" "auditctl -b 65536"
broken rules.loaded "auditctl -D" "augenrules --load"
broken rules.exec "auditctl -D; auditctl -w /etc/passwd -p wa" "augenrules --load"
broken rules.never_task "auditctl -a never,task" "auditctl -d never,task"
broken rules.files "echo '-w /etc/hostname -p wa' >$rules" "rm $rules"
broken auditd.q_depth "sed -i 's/^q_depth.*/q_depth = 100/' $auditd" "sed -i 's/^q_depth.*/q_depth = 90000/' $auditd"
broken auditd.overflow_action "sed -i 's/^overflow_action.*/overflow_action = SUSPEND/' $auditd" \
    "sed -i 's/^overflow_action.*/overflow_action = SYSLOG/' $auditd"
broken auditd.dispatcher "echo 'dispatcher = /sbin/audispd' >>$auditd" "sed -i '/^dispatcher/d' $auditd"
broken auditd.folders "chmod 0755 /etc/audit" "chmod 0750 /etc/audit"
broken auditd.audisp "mkdir /etc/audisp" "rmdir /etc/audisp"
broken plugin.active "sed -i 's/^active.*/active = no/' $plugin" "sed -i 's/^active.*/active = yes/' $plugin"
broken plugin.file "mv $plugin /root/kept" "mv /root/kept $plugin"
broken plugin.program "chmod 0644 $program" "chmod 0755 $program"
broken configuration.mistakes "echo 'translate: 7' >$conf" "rm $conf"
broken metrics.reload "echo 'translate: 7' >$conf; auditctl --signal HUP; sleep 10" \
    "rm $conf; auditctl --signal HUP; sleep 10"
broken configuration.rights "chmod 0666 /etc/host-sensor/config.yaml" "chmod 0640 /etc/host-sensor/config.yaml"
broken configuration.user "echo 'user: nobody-knows' >$conf" "rm $conf"
broken configuration.group "echo 'auditlog: {read_groups: [nobody-knows]}' >$conf" "rm $conf"
broken configuration.upgrade "touch /etc/host-sensor/config.yaml.dpkg-dist" "rm /etc/host-sensor/config.yaml.dpkg-dist"
broken probe.version "echo 'probe: {processes: 99}' >$conf" "rm $conf"
broken probe.attached "rm /sys/fs/bpf/host-sensor/v*/on_exit" "systemctl reload host-sensor-probe"
broken probe.loaded "host-sensor probe unload" "systemctl reload host-sensor-probe"
broken probe.use "echo 'probe: {use: false}' >$conf" "rm $conf"
broken probe.bcc "mv /usr/lib/python3/dist-packages/bcc /root/" "mv /root/bcc /usr/lib/python3/dist-packages/"
broken package.modules "mv /usr/lib/python3/dist-packages/psutil /root/" "mv /root/psutil /usr/lib/python3/dist-packages/"
broken confinement.denied "echo 'directory: /srv/elsewhere' >$conf; systemctl restart auditd; sleep 15" \
    "rm $conf; systemctl restart auditd; sleep 10"
broken confinement.apparmor "apparmor_parser -R /etc/apparmor.d/host-sensor; sleep 1" \
    "apparmor_parser -r /etc/apparmor.d/host-sensor; systemctl restart auditd; sleep 15"
broken package.state "dpkg --unpack ./package/*.deb" "dpkg --configure -a"
broken auditd.running "systemctl stop auditd" "systemctl start auditd; sleep 15"
host-sensor doctor --json >out/doctor-after.json

step "removal"
rm -f /etc/audit/rules.d/50-host-sensor.rules
apt-get remove -qy host-sensor >/dev/null 2>&1; echo "remove: $?"
sleep 5
echo "plugins after removal: $(pgrep -fc $program)"
echo "profiles after removal: $(grep -c host-sensor /sys/kernel/security/apparmor/profiles)"
echo "pins after removal: $(ls /sys/fs/bpf | grep -c host-sensor)"
apt-get purge -qy host-sensor >/dev/null 2>&1; echo "purge: $?"
echo "left after purge: $(find / -xdev -name '*host-sensor*' -not -name 'host-sensor-scenario.*' -not -path '/run/*' | tr '\n' ' ')"
journalctl -b -p warning -o cat -t host-sensor | sort | uniq -c | sort -rn | head -20
