/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* BCC takes a directory for a kernel tree when it finds this file; it needs no content beyond this. */
#define CONFIG_BPF_SYSCALL 1
