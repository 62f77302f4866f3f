# Process 1 of the guest: mounts what a Debian host has mounted, runs the job, tells its result, powers off.
# /dev/vdc is the job, a tar in both directions: `command` (arguments, NUL after each) comes in, the
# folder $SPOOR_OUT goes out. Output goes to ttyS1, so that kernel messages on ttyS0 never cut a line of it.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t securityfs security /sys/kernel/security
mount -t tracefs tracing /sys/kernel/tracing
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
ip link set lo up
hostname guest
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8
export SPOOR_GUEST=1 SPOOR_OUT=/out

mkdir -p /out /job
tar -xf /dev/vdc -C /job
mapfile -d '' -t command </job/command
cd /spoor || exit
exec </dev/null >/dev/ttyS1 2>&1
stty -F /dev/ttyS1 raw
# In a session of its own: the job must not be able to end process 1 by signalling its group.
# Through a pipe: programs format their output for people when it is a terminal.
setsid --wait "${command[@]}" 2>&1 | cat
code=${PIPESTATUS[0]}
tar -cf /dev/vdc -C /out . && sync
echo "SPOOR-GUEST-RESULT kernel=$(uname -r) exit=$code"
stty -F /dev/ttyS1 raw # sets with TCSADRAIN: returns when the line above has left the UART
busybox poweroff -f
