"""The sensor's end of the probe: reads what the kernel wrote, through mapped memory, without BCC and without waiting.

The kernel's BPF ring buffer, as mapped from the pinned map:

    page 0        consumer position u64    ours to write: everything before it may be overwritten
    page 1        producer position u64    the kernel's: everything before it is reserved, not yet always written
    then          records                  a header whose length has bit 31 while it is written, bit 30 if thrown away

Positions only grow; modulo the size they are places. A record's slot is 128 bytes (layout), so none wraps around.
The consumer position lives in the kernel: a sensor that is restarted goes on where the last one stopped. What that one
has read stays in its place until the kernel needs it, so the next can read it, too.

Other processors write while we read. What was read of positions and headers must not be older than what is read of the
records after it; x86 keeps that order by itself, others need a barrier, and taking a lock is one (50 ns).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from collections.abc import Iterator

from sensor.errors import ProbeError
from sensor.probe import bpf, layout
from sensor.probe.layout import ProbeCounts, ProbeRecord, Values

_BUSY, _DISCARDED = 1 << 31, 1 << 30
_LENGTH, _SLOT = layout.RECORD.size, layout.SLOT.size


class Records:
    """The records of one ring buffer, in the order in which the kernel reserved them."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Map the ring of `size` bytes of data behind `descriptor`, which may be closed afterwards."""
        page = mmap.PAGESIZE
        self._mask = size - 1
        self._ours = mmap.mmap(descriptor, page)
        # The kernel maps the data twice in a row, for records that wrap; ours never do.
        self._kernels = mmap.mmap(descriptor, page + size, prot=mmap.PROT_READ, offset=page)
        self._consumer = memoryview(self._ours).cast("Q")
        self._producer = memoryview(self._kernels).cast("Q")
        self._data = memoryview(self._kernels)[page:]
        self._lengths = self._data.cast("I")[:: _SLOT // 4]
        self._fence = threading.Lock()

    def drain(self, limit: int | None = None) -> list[Values]:
        """Take out what is there, at most `limit` records; an empty list when there is nothing."""
        start, end = self._consumer[0], self._producer[0]
        records: list[Values] = []
        if start == end:
            return records
        if limit is not None:
            end = min(end, start + limit * _SLOT)
        self._barrier()
        while start < end:
            first = start & self._mask
            last = min(first + end - start, self._mask + 1)
            done = self._take(first, last, records)
            start += done
            # Nothing may be given back before it has been read.
            self._barrier()
            self._consumer[0] = start
            if done < last - first:
                break
        return records

    def past(self, limit: int) -> Iterator[list[Values]]:
        """What was taken out before and still is in its place, oldest first, at most `limit` records at a time.

        The kernel may overwrite any of it while it is read; what it has touched is left out.
        """
        start, end = self._oldest(), self._consumer[0]
        while start < end:
            first = start & self._mask
            last = min(first + min(limit * _SLOT, end - start), self._mask + 1)
            records: list[Values] = []
            done = self._take(first, last, records)
            self._barrier()
            oldest = self._oldest()
            yield records[max(0, oldest - start) // _SLOT :]
            start = max(start + (done or _SLOT), oldest)

    def _oldest(self) -> int:
        """The position of the oldest record that the kernel has not begun to overwrite."""
        return max(0, self._producer[0] - self._mask - 1 + _SLOT)

    def _take(self, first: int, last: int, records: list[Values]) -> int:
        """Append the records between two places; returns the bytes done with, up to one being written."""
        lengths = self._lengths[first // _SLOT : last // _SLOT].tolist()
        whole = lengths.count(_LENGTH) == len(lengths)
        if not whole:
            busy = next((number for number, length in enumerate(lengths) if length & _BUSY), len(lengths))
            del lengths[busy:]
            last = first + busy * _SLOT
        self._barrier()
        found = layout.SLOT.iter_unpack(self._data[first:last])
        if whole:
            records += found
            return last - first
        for length, record in zip(lengths, found):
            if length & ~_DISCARDED != _LENGTH:
                raise ProbeError(f"the probe's ring holds a record of {length} bytes where {_LENGTH} were expected")
            if not length & _DISCARDED:
                records.append(record)
        return last - first

    def _barrier(self) -> None:
        with self._fence:
            pass

    def pending(self) -> int:
        """Bytes that the kernel has reserved, and that were not taken out yet."""
        return self._producer[0] - self._consumer[0]

    def close(self) -> None:
        """Unmap; what was not drained stays for the next reader."""
        for view in (self._lengths, self._data, self._producer, self._consumer):
            view.release()
        self._kernels.close()
        self._ours.close()


class Ring:
    """The probe that is pinned in one directory. It is read by one process at a time."""

    def __init__(self, path: str, exclusive: bool, root: int | None) -> None:
        """Open what is pinned in `path`; for callers there is `open`, which translates errors."""
        self.path = path
        name = path if root is None else os.path.basename(path)
        self._directory = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
        self._descriptors = [self._directory]
        try:
            if exclusive:
                fcntl.flock(self._directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ring, self.size = self._map(layout.RING, 0)
            counters, cpus = self._map(layout.COUNTERS, layout.COUNTERS_SIZE)
            self._live, self.processes = self._map(layout.LIVE, layout.RECORD.size)
            self._counters = mmap.mmap(counters, cpus * layout.COUNTERS_SIZE, prot=mmap.PROT_READ)
            self._counts = memoryview(self._counters).cast("Q")
            self._records = Records(ring, self.size)
            self._programs = dict(self._pinned_programs())
        except BaseException:
            self._close_descriptors()
            raise

    @classmethod
    def open(cls, path: str, exclusive: bool = True, root: int | None = None) -> Ring:
        """Open the probe pinned in `path`, which is layout.pins(Options.path); `exclusive` if it is to be drained.

        root: a descriptor of the directory above it, for those who cannot get there by name.
        ProbeError when there is none, when another process reads it, or when this one may not.
        """
        try:
            return cls(path, exclusive, root)
        except FileNotFoundError as error:
            raise ProbeError(f"no probe is loaded in {path}") from error
        except BlockingIOError as error:
            raise ProbeError(f"another process reads the probe in {path}") from error
        except OSError as error:
            raise ProbeError(f"cannot read the probe in {path}: {error.strerror or error}") from error

    def _map(self, name: str, value_size: int) -> tuple[int, int]:
        """Descriptor and number of entries of a pinned map."""
        # The kernel maps only what the caller could write to.
        descriptor = bpf.get(f"/proc/self/fd/{self._directory}/{name}", writable=name in layout.MAPPED)
        self._descriptors.append(descriptor)
        info = bpf.map_info(descriptor)
        if info.value_size != value_size:
            raise ProbeError(
                f"the probe's {name} has values of {info.value_size} bytes where {value_size} were expected"
            )
        return descriptor, info.max_entries

    def _pinned_programs(self) -> Iterator[tuple[str, int]]:
        """Name and descriptor of each program that is pinned and may be looked at."""
        for function, name in layout.PINNED_PROGRAMS.items():
            try:
                descriptor = bpf.get(f"/proc/self/fd/{self._directory}/{name}", writable=False)
            except OSError:  # of a version that pinned none, or the kernel wants a privilege for it
                continue
            self._descriptors.append(descriptor)
            yield function, descriptor

    def runs(self) -> dict[str, tuple[int, int]]:
        """How often each program ran and how many ns that took; empty where the kernel does not count."""
        try:
            return {function: bpf.runs_of(program) for function, program in self._programs.items()}
        except OSError:
            return {}

    def pending(self) -> int:
        """Bytes in the ring that were not read yet."""
        return self._records.pending()

    def drain(self, limit: int | None = None) -> list[Values]:
        """Records in their order, at most `limit`, empty when there are none; what is taken is gone."""
        return self._records.drain(limit)

    def past(self, limit: int) -> Iterator[list[Values]]:
        """Records that a former reader has taken and that are still there, so many at a time, oldest first."""
        return self._records.past(limit)

    def counts(self) -> ProbeCounts:
        """What the kernel side counted since it was loaded."""
        step = layout.COUNTERS_SIZE // 8
        return ProbeCounts._make(sum(self._counts[which::step]) for which in range(3))

    def lost(self) -> int:
        """Records that did not fit, since the probe was loaded."""
        return self.counts().lost

    def live(self) -> Iterator[ProbeRecord]:
        """The newest record of each process alive, in no order.

        A process that is alive during the whole walk is in it; one that starts or ends meanwhile may be. ProbeError
        where the kernel wants a privilege for this that the sensor has given up (before Linux 5.19).
        """
        info = bpf.map_info(self._live)
        try:
            for values in bpf.values(self._live, info):
                yield from map(ProbeRecord._make, layout.RECORD.iter_unpack(values))
        except OSError as error:
            raise ProbeError(f"cannot read the probe's map of live processes: {error}") from error

    def alive(self) -> bool:
        """Whether the probe is still attached: all its links are there. False for good once it was unloaded."""
        try:
            for link in layout.PROGRAMS:
                os.stat(link, dir_fd=self._directory)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go of everything; the probe stays and so does what was not drained."""
        self._records.close()
        self._counts.release()
        self._counters.close()
        self._close_descriptors()

    def _close_descriptors(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())
