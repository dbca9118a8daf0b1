# In the machine, first boot: README's lines as they stand there, on a machine that has nothing of ours.
set -u
mkdir -p dist && mv host-sensor_*.deb dist/
export DEBIAN_FRONTEND=noninteractive
while read -r line; do
    echo "+ $line"
    case $line in tail*) longest=20 ;; *) longest=300 ;; esac  # tail -f goes on until it is stopped
    timeout $longest sh -c "$line" </dev/null
    echo "= $?"
done <readme
sed -i 's/^q_depth.*/q_depth = 90000/' /etc/audit/auditd.conf
systemctl restart auditd
sleep 15
host-sensor doctor --json >out/doctor.json
systemctl show -P CPUUsageNSec host-sensor-probe | sed 's/^/probe compiled, ns of CPU: /'
aa-status | grep host-sensor

log=/var/log/host-sensor/audit.jsonl
load() {  # programs with numbers, until told to stop
    number=0
    while [ ! -e stop ]; do /bin/true restart-$number; number=$((number + 1)); done
    echo $number >count
}
load &
sleep 5; systemctl restart auditd; sleep 5; touch stop; wait
auditctl -m mark-restart
left=300
until grep -q mark-restart $log; do left=$((left - 1)); [ $left -gt 0 ] || break; sleep 1; done
echo "programs restart: $(cat count)"
echo "logged restart: $(grep -o '"restart-[0-9]*"\]}' $log | sort -u | wc -l)"
echo "auditd logged restart: $(cat /var/log/audit/audit.log* | grep -ao 'a1="restart-[0-9]*"' | sort -u | wc -l)"
sleep 20  # until what is missing in the serials counts as lost
echo "missed restart: $(python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:9766/metrics").read().decode())' |
    awk '/^host_sensor_missed_events_total/ { sum += $2 } END { print sum + 0 }')"
cat $log >out/log
auditctl -s | sed -n 's/^lost /records lost by the kernel: /p'
