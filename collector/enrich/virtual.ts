/**
 * File systems whose files are not contents but answers of the kernel: they differ at each read, and some reads
 * change something (/proc/kmsg, trace_pipe). Their files are never read. Numbers: statfs(2), linux/magic.h.
 */
const VIRTUAL = new Set([
  0x00009fa0, // proc
  0x62656572, // sysfs
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x0027e0eb, // cgroup
  0x63677270, // cgroup2
  0xcafe4a11, // bpf
  0x73636673, // securityfs
  0xf97cff8c, // selinuxfs
  0x43415d53, // smackfs
  0x5a3c69f0, // apparmorfs
  0xde5e81e4, // efivarfs
  0x62656570, // configfs
  0x6165676c, // pstorefs
  0x19800202, // mqueue
  0x00001cd1, // devpts
  0x42494e4d, // binfmt_misc
  0x6e736673, // nsfs
  0x65735543, // fusectl
  0x67596969, // rpc_pipefs
  0x6e667364, // nfsd
  0x0187, // autofs
  0x07655821, // resctrl
  0x09041934, // anon_inode
  0x50495045, // pipefs
  0x534f434b, // sockfs
  0x50494446, // pidfs
]);

/** @param type the `f_type` that statfs(2) answers */
export function isVirtualFileSystem(type: bigint | number): boolean {
  return VIRTUAL.has(Number(BigInt.asUintN(32, BigInt(type))));
}
