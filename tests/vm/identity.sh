# In the machine: installs the package, waits for probe and plugin, has as many short-lived programs audited as the file
# `execs` says, and asks doctor. On Debian 12 as on 13.
set -eu
sed -i 's/^q_depth.*/q_depth = 90000/' /etc/audit/auditd.conf
systemctl restart auditd
mkdir -p /etc/host-sensor/conf.d
dpkg -i ./host-sensor_*.deb
printf 'auditlog: {size: 1 GiB}\nprobe: {emit: []}\n' >/etc/host-sensor/conf.d/test.yaml
host-sensor rules --install minimal
augenrules --load
auditctl -b 65536
systemctl restart auditd
log=/var/log/host-sensor/audit.jsonl

wait_for() {  # SECONDS COMMAND...: until the command succeeds
    left=$1; shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { echo "waited for: $*"; systemctl status auditd --no-pager; exit 1; }
        sleep 1
    done
}
wait_for 120 test -e "$log"
wait_for 120 sh -c 'host-sensor probe status | grep -q "a sensor is reading it"'

install ./short /usr/local/bin/  # nothing in /run can be executed
execs=$(cat execs) before=$(date +%s) number=0
while [ $number -lt "$execs" ]; do
    /usr/local/bin/short
    number=$((number + 1))
done
echo "$number programs in $(($(date +%s) - before)) s"
auditctl -m end-of-the-test
wait_for 600 grep -q end-of-the-test "$log"

auditctl -s | tee out/audit
host-sensor probe status | tee out/probe
cp "$log" out/
python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:9766/metrics").read().decode())' >out/metrics
host-sensor doctor --json >out/doctor.json || echo "doctor: $?"
