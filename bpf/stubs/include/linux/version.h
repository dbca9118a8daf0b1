/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* LINUX_VERSION_CODE comes from the loader as -D. */
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
