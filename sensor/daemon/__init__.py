"""`host-sensor run`: the one owner of descriptors, clock, signals and privileges.

    auditd ──► input (a thread) ──chunks──► GuardedPipeline (the pipeline, guarded) ──JSON lines──► Logs
                                              every 0.1 to 0.5 s: tick, flush, signals

Life as auditd's plugin: after a restart HUP, USR1, USR2, TERM, CHLD and CONT arrive blocked; stopping auditd sends
SIGTERM, twice, before the end of input: drain, then leave; the environment is empty, standard error is /dev/null,
oom_score_adj is -1000; after ten restarts in auditd's whole life the plugin stays dead, so only the end of input ends
this one: mistakes in a configuration, a part that fails, a chunk that makes the pipeline fail cost themselves only.
"""

from __future__ import annotations

import dataclasses
import gc
import logging
import os
import stat
import sys
import time
from collections.abc import Sequence

from sensor import __version__
from sensor.build import Sensor, build
from sensor.config import Config, read
from sensor.daemon import kernel_audit, memory, rights
from sensor.daemon.guard import Guard
from sensor.daemon.guarded_pipeline import GuardedPipeline
from sensor.daemon.lag import WrittenLag
from sensor.daemon.logs import Logs, admit_readers
from sensor.daemon.reload import ConfigReload
from sensor.daemon.run_keeper import RunKeeper
from sensor.daemon.sensor_events import SensorEvents, config_sha256, start_of
from sensor.daemon.signals import Signals
from sensor.daemon.syslog import start_logging
from sensor.errors import ConfigError, HostError, InputError, OutputError, place_of
from sensor.forms import Lines
from sensor.inputs import Input
from sensor.inputs.stdin import StdinInput
from sensor.metrics import Exporter, renewed
from sensor.redact.mistakes import closed, is_about_redaction
from sensor.rights import privileges
from sensor.stats import Stats

log = logging.getLogger(__name__)

TICK = 0.1
"""Seconds between two looks at the clock, the logs and the signals."""
CALM_TICK = 0.5
"""The same while nothing waits: longer than input gathers, so that a steady stream alone wakes us."""

AT_ONCE = 262144
"""Bytes of input that become lines, which are written, before more of it does: what is made of them, five times as
much, stays in the heap and in the caches. Of a file that comes 330 kB at a time, with `output: ecs`, an event cost
20.5 µs and its page faults were 21,600, of 10,300 events; like this 16 µs and 5,000."""

FROM_THE_START = ("user", "seccomp", "input", "input_buffer", "oom_score_adj", "loss")
"""Keys that are looked at only once, while there are rights to act on them."""

CANNOT_BE_BUILT = "what is configured cannot be built"

LOGS = ("directory", "auditlog", "filterlog", "debug")
"""Keys that decide where lines go."""
NOT_FOR_BUILD = (
    *FROM_THE_START,
    *LOGS,
    "drain_timeout",
    "finish_timeout",
    "statusreport_period",
    "marker",
    "sensor_events",
)
"""Keys whose change needs no new pipeline."""


def run(config_path: str) -> int:
    """Run until the end of input; returns the exit code: 0 done, 1 it cannot work, 2 the configuration is wrong.

    As a plugin (standard input is a socket), mistakes in the configuration do not end it.
    """
    signals = Signals()
    start_logging()
    config, mistakes = read(config_path)
    for mistake in mistakes:
        log.error("%s", mistake)
    if mistakes:
        if not _is_plugin():
            return 2
        log.error("%s is used without its mistakes; SIGHUP reads it again", config_path)
        if any(mistake.key.partition(".")[0] == "metrics" for mistake in mistakes):
            log.error("metrics.listen: nothing is listened on, as it is not known who may read it")
            config = dataclasses.replace(config, metrics=dataclasses.replace(config.metrics, listen=""))
        if any(map(is_about_redaction, mistakes)):
            log.error("redact: all that could hold a secret is masked, as it is not known what to look for")
            config = dataclasses.replace(config, redact=closed())
    try:
        daemon = Daemon(config_path, config, signals)
        daemon.note_reload(not mistakes)
    except (HostError, InputError, privileges.PrivilegeError) as error:
        log.critical("%s", error)
        return 1
    daemon.run(mistakes)
    return 0


def _is_plugin() -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(0).st_mode)
    except OSError:
        return False


class Daemon:
    """The running sensor; constructed with the rights it was started with, which are given up at the end of that."""

    def __init__(self, path: str, config: Config, signals: Signals) -> None:
        self._path = path
        self._files = ConfigReload(path)
        memory.use_one_heap()
        self._room = memory.room()
        self._config = config = memory.fitted(config, self._room)
        self._signals = signals
        self.stats = Stats()
        os.umask(0o027)
        self._input = make_input(config, self.stats)
        self._guard = Guard(self.stats.daemon, self._input.queue.relieve)
        self._input.open()
        signals.wake_by(self._input.queue.wake)
        self._kept = self._input.queue.limit
        account = rights.find_account(config, self._input, self.stats.privileges)
        rights.prepare_directory(config.directory, account)
        admit_readers(config)
        self._exporter = self._make_exporter()
        self._at_defaults = False
        sensor = self._build()
        self._kernel = kernel_audit.watch(config, self.stats.kernel)
        self._watch_kernel()
        self._start = start_of(path, config.probe.use, bool(self.stats.probe.attached))
        rights.give_up(config, account)
        self._pipeline = GuardedPipeline(sensor, self._guard, self._input.queue.drop)
        self._events = SensorEvents(self.stats, self._pipeline.notice, config.sensor_events)
        self._keeper = RunKeeper(config, self.stats, self._pipeline.host_state(), self._events)
        self._logs = Logs(config, self.stats.output, self.stats.filterlog, self._guard, self.stats.debug)
        self._logs.redact_by(self._pipeline.redactor())
        self._lag = WrittenLag(self.stats.daemon, self.stats.output)
        self._end_by = float("inf")  # of the input, after SIGTERM
        self._finish_by = float("inf")  # with what was read, after the end of the input
        self._ticked = self._next_second = 0.0
        self._trimmer = memory.Trimmer(self.stats.input)
        self._next_report = 0.0
        self._may_start_programs = True

    def run(self, mistakes: Sequence[ConfigError] = ()) -> None:
        """Work until the end of input, or until asked to end; mistakes: what of the configuration is not in use."""
        memory.give_back_start()
        if self._exporter is not None:
            self._exporter.start()
        self._start_input()
        self._may_start_programs = rights.confine(self._config, self.stats.privileges)
        log.info("version %s runs%s", __version__, self._marker())
        mistaken = [*mistakes, *([CANNOT_BE_BUILT] if self._at_defaults else [])]
        self._events.start(self._start, mistaken, self._guard(self._keeper.begin))
        self._guard(self._keeper.report)
        self._write(self._pipeline.tick(time.monotonic()))
        self._logs.flush()
        # Hardly anything has cycles, and 300 execs a second fill the process table with 90,000 objects: a look at each
        # 50,000 of them takes 20 ms.
        gc.set_threshold(100_000, 20, 50)
        sys.setswitchinterval(0.0005)  # of 5 ms: in a storm the reader must not wait for its turn
        self._guard(self._tick)  # what takes the times of the first records has to know what time it is
        self._loop()
        if self._signals.reload or self._files.is_asked:  # it may be the way out for what could not be written so far
            self._guard(self._reload)
        self._write(self._pipeline.close())
        self._report_end()
        self._logs.close()
        self._guard(self._keeper.end)
        self._pipeline.host_state().close()
        if self._kernel is not None:
            self._kernel.close()
        log.info("ends: %s", self._summary())
        if self._exporter is not None:
            self._exporter.close()
        gc.freeze()  # all that is left goes with the process: nothing of it need be looked at for cycles

    def _report_end(self) -> None:
        """Report what is lost by now, and that the sensor ends."""
        now = time.monotonic()
        self._guard(self._events.losses, now, True)
        reason = "timeout" if now >= self._finish_by else "signal" if self._signals.finish else "end"
        self._events.stop(reason, self._lost_lines())
        self._write(self._pipeline.tick(now))

    def _start_input(self) -> None:
        """Start to read; while there is no thread for that, try again, for a sensor that ends is soon dead for ever."""
        while True:
            try:
                self._input.start()
                return
            except RuntimeError as error:
                log.critical("the input cannot be read: %s; trying again", error)
            if self._signals.finish:
                self._input.queue.shut()
                return
            time.sleep(1)

    def _loop(self) -> None:
        while True:
            ended = self._guard(self._step)
            if ended:
                return
            if ended is None:
                time.sleep(TICK)  # a mistake that comes again and again must not take all of a processor
            self._guard(self._tick)

    def _step(self) -> bool:
        """Work on what has come; True when that was all there will ever be."""
        chunk = self._input.queue.get(TICK if self._waits() else CALM_TICK)
        if chunk:
            self._logs.copy_input(chunk)
            self._lag.read(chunk, time.time(), time.monotonic())
            if self._events.output_lost:
                self._logs.flush()  # there may be room again
                self._guard(self._events.losses, time.monotonic())
            for begin in range(0, len(chunk), AT_ONCE):
                self._write(self._pipeline.take(chunk[begin : begin + AT_ONCE], time.monotonic()))
            self._guard(self._keeper.keep)
        return chunk == b"" or self._is_over(time.monotonic())

    def _waits(self) -> bool:
        """Whether something waits for time to pass that is no input."""
        is_written = self._pipeline.waits() or self._lag.waits or self.stats.filterlog.pending_bytes > 0
        return is_written or self._signals.waits or self._files.is_asked

    def _write(self, lines: Lines) -> None:
        self._lag.made(len(lines), lines.own)
        self._logs.write(lines)
        self._keeper.handed(len(lines))
        self._lag.settle(time.time(), time.monotonic())

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._ticked < TICK:
            return
        self._ticked = now
        self._write(self._pipeline.tick(now))
        self._logs.flush()
        self._lag.settle(time.time(), time.monotonic())
        if now >= self._next_second:
            self._next_second = now + 1
            self.stats.input.buffer_bytes = self._input.queue.limit
            self._pipeline.every_second(time.time(), now)
            self._watch_kernel()
            self._guard(self._events.losses, now)
            self._guard(self._keeper.every_second)
            self._trimmer.every_second()
            if self._input.queue.limit < self._kept:
                self._kept = self._input.queue.limit
                log.error("out of memory: no more than %d bytes of input are kept from now on", self._kept)
        if self._signals.take_reload():
            self._logs.reopen()
            self._files.ask(now)
        if self._files.is_due(now):
            self._reload()
        period = self._config.statusreport_period
        if period and now >= self._next_report:
            if self._next_report:
                log.info("%s", self._summary())
            self._next_report = now + period

    def _watch_kernel(self) -> None:
        if self._kernel is not None:
            self._guard(self._kernel.every_second)

    def _is_over(self, now: float) -> bool:
        """Whether time is up for the input to end, then for what was read before; that is dropped and counted."""
        queue = self._input.queue
        if self._signals.finish and self._end_by == float("inf"):
            self._end_by = now + self._config.drain_timeout
            self._input.stop()
        if now >= self._end_by or self._signals.leave:
            queue.shut()
        if queue.ended and self._finish_by == float("inf"):
            self._finish_by = now + self._config.finish_timeout
        if now < self._finish_by and not self._signals.leave:
            return False
        before = self.stats.input.dropped_lines
        self._write(self._pipeline.take(queue.abandon(), now))
        log.warning("time is up: %d lines that were read are dropped", self.stats.input.dropped_lines - before)
        return True

    def _reload(self) -> None:
        """Use a new configuration, if there is nothing wrong with it."""
        config, mistakes = self._files.read()
        digest = config_sha256(self._path)
        for mistake in mistakes:
            log.error("%s", mistake)
        if mistakes:
            log.error("the configuration stays as it was")
        config = self._changed_while_running(self._config if mistakes else config)
        built_from = {name: getattr(config, name) for name in NOT_FOR_BUILD}
        built = config == dataclasses.replace(self._config, **built_from) or self._rebuild(config)
        self._replace_logs(config)
        served = self._exporter is None or self._exporter.reload(config.metrics)
        self._config = config
        self.note_reload(built and served and not mistakes)
        self._events.switch(config.sensor_events)
        refused = [*map(str, mistakes)]
        refused += [] if refused or built else [CANNOT_BE_BUILT]
        refused += [] if served else ["metrics.tls cannot be used"]
        self._events.reload(not refused, digest, refused)

    def _changed_while_running(self, config: Config) -> Config:
        """The new configuration, in which what takes a new start is as it was; logs each such change."""
        config = memory.fitted(config, self._room)
        fixed = {name: getattr(self._config, name) for name in FROM_THE_START}
        for name, value in fixed.items():
            if getattr(config, name) != value:
                log.warning("%s: a change takes effect after the next start", name)
        fixed["metrics"] = renewed(self._config.metrics, config.metrics)
        config = dataclasses.replace(config, **fixed)
        if rights.starts_programs(config) and not self._may_start_programs:
            log.error("logs stay as they are: with seccomp an output to a program takes effect after the next start")
            config = dataclasses.replace(config, **{name: getattr(self._config, name) for name in LOGS})
        return config

    def _replace_logs(self, config: Config) -> None:
        """Open other logs, if they are configured otherwise now; they take over what is not written yet."""
        if any(getattr(config, name) != getattr(self._config, name) for name in LOGS):
            admit_readers(config)
            logs = Logs(config, self.stats.output, self.stats.filterlog, self._guard, self.stats.debug)
            logs.take_over(self._logs)
            self._logs = logs
        self._logs.redact_by(self._pipeline.redactor())

    def note_reload(self, successful: bool) -> None:
        """Keep for the metrics whether the configuration file, as it was last read, is in use as a whole."""
        self.stats.config.last_reload_successful = int(successful and not self._at_defaults)
        if self.stats.config.last_reload_successful:
            self.stats.config.last_reload_success_time = time.time()

    def _rebuild(self, config: Config) -> bool:
        try:
            sensor = build(config, self.stats, host_state=self._pipeline.host_state())
        except Exception as error:  # noqa: BLE001  the border: the old parts go on
            log.error("the new configuration cannot be built (%s); the parts stay as they were", place_of(error))
            return False
        self._write(self._pipeline.replace(sensor))
        self._at_defaults = False
        return True

    def _build(self) -> Sensor:
        """Build what the configuration asks for; if that fails, what can be had without one."""
        try:
            return build(self._config, self.stats)
        except Exception as error:  # noqa: BLE001  the border: a plugin that ends is soon dead for ever
            log.error("%s (%s); going on with the defaults", CANNOT_BE_BUILT, place_of(error))
            self._at_defaults = True
            return build(Config(redact=self._config.redact), self.stats)

    def _make_exporter(self) -> Exporter | None:
        try:
            return Exporter(self._config.metrics, self.stats)
        except OutputError as error:
            log.error("%s; going on without", error)
            return None

    def _marker(self) -> str:
        return f" ({self._config.marker})" if self._config.marker else ""

    def _summary(self) -> str:
        """The counters that matter, as a line for the log."""
        pipeline, output = self.stats.pipeline, self.stats.output
        used = time.process_time()
        return (
            f"{pipeline.lines} lines, {pipeline.events} events, {sum(pipeline.unparsed.values())} lines not parsed,"
            f" {output.lines} lines written, {self._lost_lines()} lines lost, {used:.1f} s of CPU{self._marker()}"
        )

    def _lost_lines(self) -> int:
        logs = (self.stats.output, self.stats.filterlog)
        return self.stats.input.dropped_lines + sum([sum(log.lost_lines.values()) for log in logs])


def make_input(config: Config, stats: Stats) -> Input:
    """The input that `config.input` names; raises InputError."""
    if config.input == "stdin":
        return StdinInput(config.input_buffer, stats.input)
    if config.input.startswith("unix:"):
        from sensor.inputs.unix import UnixInput

        return UnixInput(config.input[len("unix:") :], config.input_buffer, stats.input)
    raise InputError(f"input: expected stdin or unix:/path, found {config.input}")
