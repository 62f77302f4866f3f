# strace -f: it stops the workload at each call, so its own CPU is in the workload's
PEER_WRAP="strace -f -qq -e trace=execve,openat,open,connect -o $OUT/strace.out"
start() { PIDS=; }
stop() { :; }
count() { local L=$OUT/strace.out; case $1 in
  spawn) echo "$(grep -c 'execve(.*wl_true' "$L") none" ;;
  open) echo "$(grep -c 'wlu_marker' "$L") none" ;;
  tcp) echo "$(grep -c 'connect(.*45999' "$L") none" ;;
  dev) echo "$(grep -c 'execve(.*/cc1"' "$L")e/$(grep -c 'open.*wlu_' "$L")o none" ;;
esac; }
