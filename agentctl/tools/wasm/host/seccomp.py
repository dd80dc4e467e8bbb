"""System calls that the process of a call gives up: a wall behind the sandbox, should a guest ever get out of it.

What it needs none of is answered with EPERM: new sockets, other programs, other processes, namespaces, mounts, and
whatever loads code into the kernel. Threads of its own stay, for files are read by some.

So are symbolic links, and here it is the only wall: a guest can ask WASI for one that leads out of its directory. It
could not follow it, but whoever works there later would.

Source: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from typing import NamedTuple

_LOAD, _JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ, |JSET, BPF_RET
_ALLOW = 0x7FFF0000
_FAIL = 0x00050000  # the low 16 bits are the errno
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, of little-endian machines
_CLONE_THREAD = 0x10000
_X32 = 0x40000000  # the other ABI of x86-64 has numbers of its own
_SET_SECCOMP, _MODE_FILTER = 22, 2


class _Machine(NamedTuple):
    audit: int
    clone: int
    clone3: int
    tgkill: int
    forbidden: tuple[int, ...]


# In both: socket connect bind listen accept accept4 | execve execveat fork vfork | ptrace process_vm_readv
# process_vm_writev | pidfd_open pidfd_getfd pidfd_send_signal kill tkill rt_sigqueueinfo rt_tgsigqueueinfo | mount
# umount2 pivot_root chroot setns unshare open_tree move_mount fsopen fsconfig fsmount | bpf perf_event_open userfaultfd
# io_uring_setup io_uring_enter io_uring_register | init_module finit_module delete_module kexec_load kexec_file_load
# reboot | add_key request_key keyctl | mknod mknodat name_to_handle_at open_by_handle_at personality acct | symlink
# symlinkat
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E, 56, 435, 234,
        (41, 42, 49, 50, 43, 288, 59, 322, 57, 58, 101, 310, 311, 434, 438, 424, 62, 200, 129, 297, 165, 166, 155, 161,
         308, 272, 428, 429, 430, 431, 432, 321, 298, 323, 425, 426, 427, 175, 313, 176, 246, 320, 169, 248, 249, 250,
         133, 259, 303, 304, 135, 163, 88, 266),
    ),
    "aarch64": _Machine(
        0xC00000B7, 220, 435, 131,
        (198, 203, 200, 201, 202, 242, 221, 281, 117, 270, 271, 434, 438, 424, 129, 130, 138, 240, 40, 39, 41, 51,
         268, 97, 428, 429, 430, 431, 432, 280, 241, 282, 425, 426, 427, 105, 273, 106, 104, 294, 142, 217, 218, 219,
         33, 264, 265, 92, 89, 36),
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def forbid(libc: ctypes.CDLL) -> bool:
    """Give up the system calls for good, in this thread and those it starts later.

    `no_new_privs` must be set. Returns:
        Whether the machine and its kernel know how to; else nothing is given up.

    Raises:
        OSError: they do, and it failed all the same.
    """
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" and sys.maxsize > 1 << 32 else None
    if machine is None:
        return False
    code = _assemble(machine, os.getpid())
    program = _Program(len(code) // 8, code)
    if libc.prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.EINVAL, errno.ENOSYS}:  # a kernel without filters
        return False
    raise OSError(number, f"can't give up system calls: {os.strerror(number)}")


def _assemble(machine: _Machine, pid: int) -> bytes:
    """The filter as BPF instructions; a jump counts the instructions that it passes over."""
    refuse = _instruction(_RETURN, _FAIL | errno.EPERM)
    allow = _instruction(_RETURN, _ALLOW)
    lines = [
        _instruction(_LOAD, _ARCH),
        _instruction(_JUMP_EQUAL, machine.audit, 1, 0),
        refuse,
        _instruction(_LOAD, _NUMBER),
        _instruction(_JUMP_ANY_BIT, _X32, 0, 1),
        refuse,
        # The flags of clone3 are behind a pointer; without it the C library takes clone.
        _instruction(_JUMP_EQUAL, machine.clone3, 0, 1),
        _instruction(_RETURN, _FAIL | errno.ENOSYS),
    ]
    for number in machine.forbidden:
        lines += [_instruction(_JUMP_EQUAL, number, 0, 1), refuse]
    lines += [
        _instruction(_JUMP_EQUAL, machine.clone, 0, 3),
        _instruction(_LOAD, _FIRST_ARGUMENT),
        _instruction(_JUMP_ANY_BIT, _CLONE_THREAD, 4, 0),  # over what follows, to the end
        refuse,
        _instruction(_JUMP_EQUAL, machine.tgkill, 0, 2),
        _instruction(_LOAD, _FIRST_ARGUMENT),
        _instruction(_JUMP_EQUAL, pid, 0, 1),  # abort() sends itself a signal
        allow,
        refuse,
    ]
    return b"".join(lines)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
