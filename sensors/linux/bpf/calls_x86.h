/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Numbers of the system calls that the sensor looks at: the 64-bit table of x86 (arch/x86/entry/syscalls). */
#ifndef SPOOR_CALLS_H
#define SPOOR_CALLS_H

#if !defined(__TARGET_ARCH_x86)
#error "spoor knows the system calls of x86_64 only"
#endif

/* thread_info.status, arch/x86/include/asm/thread_info.h: a 32-bit program's call, of another table. */
#define TS_COMPAT 2
/* A 64-bit program may call by the x32 table too. */
#define X32_BIT 0x40000000

#define NR_READ 0
#define NR_WRITE 1
#define NR_OPEN 2
#define NR_CLOSE 3
#define NR_MMAP 9
#define NR_MPROTECT 10
#define NR_IOCTL 16
#define NR_PREAD64 17
#define NR_PWRITE64 18
#define NR_READV 19
#define NR_WRITEV 20
#define NR_DUP 32
#define NR_DUP2 33
#define NR_SENDFILE 40
#define NR_SOCKET 41
#define NR_CONNECT 42
#define NR_ACCEPT 43
#define NR_SENDTO 44
#define NR_SENDMSG 46
#define NR_EXECVE 59
#define NR_KILL 62
#define NR_FCNTL 72
#define NR_TRUNCATE 76
#define NR_FTRUNCATE 77
#define NR_RENAME 82
#define NR_MKDIR 83
#define NR_RMDIR 84
#define NR_CREAT 85
#define NR_LINK 86
#define NR_UNLINK 87
#define NR_SYMLINK 88
#define NR_CHMOD 90
#define NR_FCHMOD 91
#define NR_CHOWN 92
#define NR_FCHOWN 93
#define NR_LCHOWN 94
#define NR_PTRACE 101
#define NR_SETUID 105
#define NR_SETGID 106
#define NR_SETREUID 113
#define NR_SETREGID 114
#define NR_SETRESUID 117
#define NR_SETRESGID 119
#define NR_SETFSUID 122
#define NR_SETFSGID 123
#define NR_CAPSET 126
#define NR_RT_SIGQUEUEINFO 129
#define NR_UTIME 132
#define NR_MKNOD 133
#define NR_SETPRIORITY 141
#define NR_SCHED_SETPARAM 142
#define NR_SCHED_SETSCHEDULER 144
#define NR_PIVOT_ROOT 155
#define NR_PRCTL 157
#define NR_CHROOT 161
#define NR_MOUNT 165
#define NR_UMOUNT2 166
#define NR_INIT_MODULE 175
#define NR_DELETE_MODULE 176
#define NR_SETXATTR 188
#define NR_LSETXATTR 189
#define NR_FSETXATTR 190
#define NR_REMOVEXATTR 197
#define NR_LREMOVEXATTR 198
#define NR_FREMOVEXATTR 199
#define NR_TKILL 200
#define NR_SCHED_SETAFFINITY 203
#define NR_IO_GETEVENTS 208
#define NR_CLOCK_SETTIME 227
#define NR_TGKILL 234
#define NR_UTIMES 235
#define NR_KEXEC_LOAD 246
#define NR_ADD_KEY 248
#define NR_REQUEST_KEY 249
#define NR_KEYCTL 250
#define NR_IOPRIO_SET 251
#define NR_OPENAT 257
#define NR_MKDIRAT 258
#define NR_MKNODAT 259
#define NR_FCHOWNAT 260
#define NR_FUTIMESAT 261
#define NR_UNLINKAT 263
#define NR_RENAMEAT 264
#define NR_LINKAT 265
#define NR_SYMLINKAT 266
#define NR_FCHMODAT 268
#define NR_UNSHARE 272
#define NR_SPLICE 275
#define NR_UTIMENSAT 280
#define NR_FALLOCATE 285
#define NR_ACCEPT4 288
#define NR_DUP3 292
#define NR_PREADV 295
#define NR_PWRITEV 296
#define NR_RT_TGSIGQUEUEINFO 297
#define NR_PERF_EVENT_OPEN 298
#define NR_PRLIMIT64 302
#define NR_OPEN_BY_HANDLE_AT 304
#define NR_SENDMMSG 307
#define NR_SETNS 308
#define NR_PROCESS_VM_READV 310
#define NR_PROCESS_VM_WRITEV 311
#define NR_FINIT_MODULE 313
#define NR_SCHED_SETATTR 314
#define NR_RENAMEAT2 316
#define NR_MEMFD_CREATE 319
#define NR_KEXEC_FILE_LOAD 320
#define NR_BPF 321
#define NR_EXECVEAT 322
#define NR_USERFAULTFD 323
#define NR_COPY_FILE_RANGE 326
#define NR_PREADV2 327
#define NR_PWRITEV2 328
#define NR_PKEY_MPROTECT 329
#define NR_IO_PGETEVENTS 333
#define NR_PIDFD_SEND_SIGNAL 424
#define NR_IO_URING_SETUP 425
#define NR_OPEN_TREE 428
#define NR_MOVE_MOUNT 429
#define NR_FSCONFIG 431
#define NR_FSMOUNT 432
#define NR_OPENAT2 437
#define NR_PIDFD_GETFD 438
#define NR_PROCESS_MADVISE 440
#define NR_MOUNT_SETATTR 442
#define NR_LANDLOCK_RESTRICT_SELF 446
#define NR_MEMFD_SECRET 447
#define NR_FCHMODAT2 452
#define NR_SETXATTRAT 463
#define NR_REMOVEXATTRAT 466

#endif
