"""Audit architectures: AUDIT_ARCH_* number → name, and the tables that apply to it.

`arch=` of a SYSCALL or SECCOMP record is the ELF machine number with two bits for word size and byte order:

    type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=59 …     x86_64
                                                   ││    └─ EM_X86_64 = 62
                                                   └┴ 0x80000000: 64 bits, 0x40000000: little-endian

Names are those auditd and LAUREL print. Source: include/uapi/linux/audit.h of Linux 7.2.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AARCH64", "ABIS", "ARCHES", "X32_BIT", "X86_64", "Arch", "abi", "is_64bit", "is_little_endian", "name"]

X86_64, AARCH64 = 0xC000003E, 0xC00000B7
#: Set in the syscall number of a program of the x32 ABI; `arch` is that of x86_64.
X32_BIT = 0x40000000

_64BIT = 0x80000000
_LITTLE_ENDIAN = 0x40000000


class Arch(NamedTuple):
    """One audit architecture.

    Attributes:
        name: as auditd prints it.
        syscalls: key of its syscall table in `syscalls_table`.
        abi: key of its constants in `constants_table`; an architecture not listed there has the generic ones.
    """

    name: str
    syscalls: str
    abi: str = "generic"


ARCHES: dict[int, Arch] = {
    0x00000002: Arch("sparc", "sparc", "sparc"),
    0x00000004: Arch("m68k", "m68k", "m68k"),
    0x00000008: Arch("mips", "mipso32", "mips"),
    0x0000000F: Arch("parisc", "parisc", "parisc"),
    0x00000014: Arch("ppc", "powerpc", "powerpc"),
    0x00000016: Arch("s390", "s390", "s390"),
    0x00000028: Arch("armeb", "arm", "arm"),
    0x0000002A: Arch("sh", "sh", "sh"),
    0x0000002E: Arch("h8300", "h8300"),
    0x00000058: Arch("m32r", "m32r"),
    0x0000005C: Arch("openrisc", "openrisc"),
    0x0000005D: Arch("arcompactbe", "arc", "arc"),
    0x0000005E: Arch("xtensa", "xtensa"),
    0x0000008C: Arch("c6xbe", "c6x"),
    0x000000A4: Arch("hexagon", "hexagon"),
    0x000000A7: Arch("nds32be", "nds32"),
    0x000000BD: Arch("microblaze", "microblaze"),
    0x000000C3: Arch("arcv2be", "arc", "arc"),
    0x00005441: Arch("frv", "frv"),
    0x40000003: Arch("i386", "i386", "x86"),
    0x40000008: Arch("mipsel", "mipso32", "mips"),
    0x40000028: Arch("arm", "arm", "arm"),
    0x4000002A: Arch("shel", "sh", "sh"),
    0x4000004C: Arch("cris", "cris"),
    0x4000005D: Arch("arcompact", "arc", "arc"),
    0x4000006E: Arch("unicore", "unicore32"),
    0x40000071: Arch("nios2", "nios2"),
    0x4000008C: Arch("c6x", "c6x"),
    0x400000A7: Arch("nds32", "nds32"),
    0x400000BC: Arch("tilepro", "tile"),
    0x400000BF: Arch("tilegx32", "tile"),
    0x400000C3: Arch("arcv2", "arc", "arc"),
    0x400000F3: Arch("riscv32", "riscv32"),
    0x400000FC: Arch("csky", "csky"),
    0x40000102: Arch("loongarch32", "loongarch32", "loongarch"),
    0x80000008: Arch("mips64", "mips64", "mips"),
    0x8000000F: Arch("parisc64", "parisc64", "parisc"),
    0x80000015: Arch("ppc64", "powerpc64", "powerpc"),
    0x80000016: Arch("s390x", "s390x", "s390"),
    0x8000002A: Arch("sh64", "sh64", "sh"),
    0x8000002B: Arch("sparc64", "sparc64", "sparc"),
    0xA0000008: Arch("mips64n32", "mips64n32", "mips"),
    0xC0000008: Arch("mipsel64", "mips64", "mips"),
    0xC0000015: Arch("ppc64le", "powerpc64", "powerpc"),
    0xC000002A: Arch("shel64", "sh64", "sh"),
    0xC0000032: Arch("ia64", "ia64"),
    X86_64: Arch("x86_64", "x86_64", "x86"),
    AARCH64: Arch("aarch64", "arm64", "arm64"),
    0xC00000BF: Arch("tilegx", "tile64"),
    0xC00000F3: Arch("riscv64", "riscv64"),
    0xC0000102: Arch("loongarch64", "loongarch64", "loongarch"),
    0xC0009026: Arch("alpha", "alpha", "alpha"),
    0xE0000008: Arch("mipsel64n32", "mips64n32", "mips"),
}

#: Every `abi` there is.
ABIS: frozenset[str] = frozenset(arch.abi for arch in ARCHES.values())


def name(arch: int) -> str | None:
    """What auditd calls audit architecture `arch`, or None."""
    entry = ARCHES.get(arch)
    return entry.name if entry is not None else None


def abi(arch: int) -> str:
    """Which constants apply to `arch`; "generic" for an unknown architecture."""
    entry = ARCHES.get(arch)
    return entry.abi if entry is not None else "generic"


def is_64bit(arch: int) -> bool:
    """Whether a word of `arch` has 64 bits."""
    return bool(arch & _64BIT)


def is_little_endian(arch: int) -> bool:
    """Whether `arch` stores the low byte of a number first."""
    return bool(arch & _LITTLE_ENDIAN)
