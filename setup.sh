#!/bin/bash
# setup.sh [watch|kernels|package|bench]: what a fresh machine needs before `make build`; with "watch", also what loading
# eBPF needs; with "kernels", what booting guest kernels needs; with "package", what trying the Debian package needs;
# with "bench", what else could watch, to be measured beside.
# Does nothing where everything is there. Where it cannot help it says what is missing, in one line, and ends with 3.
set -eu
cd "$(dirname "$0")"

# The one list of Debian packages, each with what needs it. make is not here: it called this script.
PACKAGES=(
  gcc libc6-dev             # the addon, spoor-launch, the programs that tests watch
  clang llvm                # the eBPF programs, and llvm-strip for their object
  libbpf-dev libelf-dev     # the addon is linked to libbpf
  bpftool                   # vmlinux.h from the running kernel's BTF
  python3 python3-grpcio    # the OTLP receiver of the tests, on gRPC's C core; with it python3-protobuf
  protobuf-compiler         # that receiver's stubs
  python3-prometheus-client # reads the metrics that a test scrapes
  bind9-dnsutils            # dig, whose questions the tests watch
  ngtcp2-client ngtcp2-server  # QUIC, whose bytes the tests count
  strace tshark openssl     # the truth some tests hold Spoor against
  git curl iproute2         # what the watched agent uses, and network namespaces for it
  tmux cron at sudo dbus bubblewrap openssh-server openssh-client busybox-static  # by which a watched agent's work leaves its tree
  procps                    # ps and pgrep, by which tests look at what still runs
  swtpm libtss2-tcti-swtpm0 libtss2-esys-3.0.2-0 libtss2-rc0  # the TPM of the tests, and what systemd-creds loads to use it
)
[ "${1:-}" != kernels ] || PACKAGES+=(
  qemu-system-x86           # boots Debian's kernels without KVM
  cpio                      # the guests' first file system
  e2fsprogs xz-utils        # their disks, their modules
)
[ "${1:-}" != package ] || PACKAGES+=(
  debootstrap               # the clean Debian that tests install the package into
  systemd                   # systemd-analyze, by which a test rates the unit
)
[ "${1:-}" != bench ] || PACKAGES+=(
  auditd bpftrace linux-perf  # with strace, which is among the first
)
NODE_AT_LEAST=20.18.0       # package.json says the same to npm

stop() {
  echo "set-up: $1" >&2
  exit 3
}

system() {
  local PRETTY_NAME=unknown ID='' VERSION_ID=''
  [ ! -r /etc/os-release ] || . /etc/os-release
  case $1 in name) echo "$PRETTY_NAME" ;; id) echo "$ID$VERSION_ID" ;; esac
}

[ "$(uname -sm)" = 'Linux x86_64' ] ||
  stop "this is $(uname -sm); the Linux sensor is built and tested on x86-64 Linux only"

node=$(command -v node) || stop "Node is missing; install Node $NODE_AT_LEAST or newer, with npm, then run this again"
version=$("$node" -p process.versions.node)
[ "$(printf '%s\n' "$NODE_AT_LEAST" "$version" | sort -V | head -1)" = "$NODE_AT_LEAST" ] ||
  stop "$node is Node $version; install $NODE_AT_LEAST or newer"
command -v npm >/dev/null || stop "npm is missing beside $node; install it, then run this again"

if [ "${1:-}" = watch ]; then
  [ "$(id -u)" = 0 ] || stop "loading eBPF programs takes root, and this is $(id -un); run it again as root"
  [ -r /sys/kernel/btf/vmlinux ] ||
    stop "/sys/kernel/btf/vmlinux is missing: kernel $(uname -r) has no BTF; boot one built with CONFIG_DEBUG_INFO_BTF (Debian's are)"
fi

missing=()
for package in "${PACKAGES[@]}"; do
  dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

[ "$(system id)" = debian12 ] ||
  stop "this is $(system name), and only Debian 12's packages are known here; install what Debian calls: ${missing[*]}"
[ "$(id -u)" = 0 ] || stop "Debian packages are missing; as root: apt-get install ${missing[*]}"

mkdir -p build
log=build/setup.log
echo "set-up: installing ${#missing[@]} Debian packages: ${missing[*]}"
install=(apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}")
export DEBIAN_FRONTEND=noninteractive
# The package lists may be absent or older than the archive: fetch them only then.
"${install[@]}" >"$log" 2>&1 </dev/null ||
  { apt-get -o DPkg::Lock::Timeout=600 update && "${install[@]}"; } >>"$log" 2>&1 </dev/null ||
  stop "apt-get could not install ${missing[*]}: $(grep -m1 '^E:' "$log" || tail -1 "$log") (all of it: $log)"
