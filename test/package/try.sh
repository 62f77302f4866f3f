# Inside a clean Debian: install, start, watch, restart, upgrade, remove, purge, as its owner would.
# Each line "ok" or "NOT OK" is a claim; the exit code is the number of claims that did not hold.
failed=0
export DEBIAN_FRONTEND=noninteractive
claim() { # claim WORDS COMMAND...
  words=$1
  shift
  if "$@" >/tmp/claim.out 2>&1; then
    echo "ok      $words"
  else
    echo "NOT OK  $words"
    { tail -20 /tmp/claim.out; journalctl --unit spoor --no-pager --lines 5; } 2>&1 | sed 's/^/          /'
    failed=$((failed + 1))
  fi
}
not() { ! "$@"; }
active() { [ "$(systemctl is-active spoor)" = active ]; }
main_pid() { systemctl show -P MainPID spoor; }
left_of_spoor() { find / -xdev \( -path /run/systemd -o -path /proc -o -path /var/lib/dpkg -o -path /var/cache/debconf -o -path /var/log \) -prune -o -iname '*spoor*' -print; }

# An agent where its own installer puts it; a shell stands in for it and does what it is told.
agent=/home/alice/.local/share/claude/versions/1.0.0
install -D -o alice -g alice -m 755 /bin/dash "$agent"
let_agent() { su alice -c "cd; $agent -c '$1'"; }
told() { spoor events --json | grep -F "$1" | grep -qF "$2"; }
intact() { spoor verify | tee /dev/stderr | grep -q '^integrity  intact'; }
complete() { spoor verify | tee /dev/stderr | grep -q 'no event is stated as lost'; }
privileges() { # bits of capabilities(7): DAC_READ_SEARCH 2, NET_ADMIN 12, SYS_PTRACE 19, PERFMON 38, BPF 39
  [ "$((0x$(awk '/^CapEff/ { print $2 }' "/proc/$(main_pid)/status")))" = \
    $((1 << 2 | 1 << 12 | 1 << 19 | 1 << 38 | 1 << 39)) ]
}

# The emulator is some thirty times slower than the machine.
mkdir -p /run/systemd/system/spoor.service.d
printf '[Service]\nTimeoutStartSec=600\nWatchdogSec=600\n' > /run/systemd/system/spoor.service.d/slow.conf

claim 'nothing of Spoor is there before' test -z "$(left_of_spoor)"

claim 'the package installs' dpkg -i /mnt/old.deb
claim 'the service runs' active
us() { systemctl show -P "$1" spoor; }
echo "        from exec to ready: $(((($(us ActiveEnterTimestampMonotonic) - $(us ExecMainStartTimestampMonotonic))) / 1000)) ms (emulated)"
claim 'it starts with the machine' systemctl is-enabled spoor
claim 'it has the five privileges it needs and no other' privileges
claim 'its state is closed to everybody else' not su alice -c 'ls /var/lib/spoor'
claim 'others cannot list its sockets' not su alice -c 'ls /run/spoor'
claim 'others are told nothing of what is watched' sh -c 'su alice -c "spoor status" 2>&1 | grep -q "only root may ask"'
claim 'doctor finds nothing missing' spoor doctor
claim 'doctor knows its watch as its own' sh -c 'spoor doctor | grep -q "is the watch of the service, process $(systemctl show -P MainPID spoor)"'
claim 'doctor says that what a session does to it is refused' sh -c 'spoor doctor | grep -q "what a session does to the service is refused (tier lsm"'
claim 'its configuration is a sound one' spoor config check
claim 'there is a manual page' sh -c 'zcat /usr/share/man/man1/spoor.1.gz | grep -q "SH EXIT STATUS"'
claim 'words are completed' bash -c '. /usr/share/bash-completion/completions/spoor
  COMP_WORDS=(spoor ver); COMP_CWORD=1; _spoor; [ "${COMPREPLY[*]}" = verify ]'

claim 'an agent does something' let_agent 'cat /etc/hostname > first'
claim 'it is known as what it is' told '"event_name":"session.start"' '"gen_ai.agent.name":"claude-code"'
claim 'for whom it acts is known' told '"event_name":"session.start"' '"process.user.name":"alice"'
claim 'what it wrote is in the log' told '"event_name":"file.open"' '/home/alice/first'
claim 'a command can be watched beside the service' spoor run -- cat /etc/hostname
claim 'a command of another user too' su alice -c 'cd; spoor run -- cp /etc/hostname by-run'
claim 'what it wrote is in the log, in her name' told '"file.path":"/home/alice/by-run"' '"process.user.name":"alice"'
claim 'the log is intact' intact
claim 'nothing is lost' complete

# Root's agent may do to the host what root may, but nothing to what watches it; once it has been judged to be one.
root_agent=/root/.local/share/claude/versions/1.0.0
install -D -m 755 /bin/dash "$root_agent"
mkfifo /root/go
sessions() { spoor events --event session.start --json | grep -c /versions/1.0.0; }
begin_root_agent() { # COMMAND, which it does when it has been told to go on; returns when it is known
  before=$(sessions)
  "$root_agent" -c "read none < /root/go; $1" &
  root_pid=$!
  while [ "$(sessions)" = "$before" ]; do sleep 1; done
}
let_root_agent() { begin_root_agent "$1"; echo > /root/go; wait $root_pid; }
claim 'an agent of root may not signal the service' not let_root_agent "kill -CONT $(main_pid)"
claim 'nor edit its settings' not let_root_agent 'echo >> /etc/spoor/spoor.yml'
claim 'nor read its key' not let_root_agent 'cat /var/lib/spoor/key/host.key'
claim 'that it tried is a finding' told '"event_name":"finding"' 'lays hands on the watcher'
claim 'who is no agent may edit them' sh -c 'echo >> /etc/spoor/spoor.yml'
begin_root_agent 'if true >> /var/lib/spoor/log/checkpoint; then echo done; else echo refused; fi > /root/result'
claim 'the service stops' systemctl stop spoor
echo > /root/go
wait $root_pid
claim 'while it is down its log is closed to the agent all the same' grep -qx refused /root/result
claim 'the service starts again' systemctl start spoor

# What lives through a restart does so in its session: the agent waits at a pipe until the service is back.
su alice -c 'mkfifo /home/alice/go'
let_agent 'read none < /home/alice/go; cat /etc/hostname > second' &
claim 'the service restarts' systemctl restart spoor
su alice -c 'echo > /home/alice/go'
wait
claim 'what an agent wrote after a restart is in its session' told '"event_name":"file.open"' '/home/alice/second'
claim 'the log is intact after a restart' intact
claim 'nothing is lost by a restart' complete
claim 'the service reloads' systemctl reload spoor

claim 'the package is upgraded' dpkg -i /mnt/new.deb
claim 'the service runs after an upgrade' active
claim 'it is the new one' sh -c 'spoor --version | grep -qx "$(dpkg-query -W -f "\${Version}" spoor)"'
claim 'an agent does something more' let_agent 'cat /etc/hostname > third'
claim 'that is in the log too' told '"event_name":"file.open"' '/home/alice/third'
claim 'the log is intact after an upgrade' intact

claim 'the package is removed' dpkg -r spoor
claim 'nothing of it runs' not pgrep -f /usr/lib/spoor
claim 'its programs are out of the kernel' not test -e /sys/fs/bpf/spoor
claim 'the log is still there' test -s /var/lib/spoor/log/checkpoint
claim 'installed again it goes on with the same log' sh -c 'dpkg -i /mnt/new.deb && spoor verify'
claim 'the package is purged' dpkg -P spoor
claim 'nothing is left' test -z "$(left_of_spoor | tee /dev/stderr)"

claim 'installed once more' dpkg -i /mnt/new.deb
claim 'purged with the log kept, as asked' sh -c 'echo spoor spoor/keep-log boolean true | debconf-set-selections && dpkg -P spoor'
claim 'the log and the public key are left' test -s /var/lib/spoor/log/checkpoint -a -s /var/lib/spoor/key/host.pub
claim 'the private key is not' not test -e /var/lib/spoor/key/host.key
exit $failed
