"""Where a benchmark ran: the machine, and who else wanted it meanwhile."""

import os
import platform
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CPU_INFO = Path("/proc/cpuinfo")
STAT = Path("/proc/stat")

QUIET_PERCENT = 5.0
"""With more of the machine in the hands of others, figures in milliseconds say more about them than about us."""


def facts() -> dict[str, Any]:
    """The machine and the command, for whoever compares figures."""
    return {
        "cpu": cpu_model(CPU_INFO.read_text(errors="replace") if CPU_INFO.exists() else ""),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "command": shlex.join(["offhook", *sys.argv[1:]]),
    }


def cpu_model(info: str) -> str:
    """The processor's name, from the text of `/proc/cpuinfo` where there is one."""
    for line in info.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """What the whole machine's CPUs did since it started, in ticks; `own_s` what this process and its children did."""

    total: int
    idle: int
    stolen: int
    own_s: float

    def others_percent_since(self, before: "CpuTimes") -> tuple[float, float]:
        """Shares of the machine that other programs used, and that its host gave to others."""
        total = max(1, self.total - before.total)
        stolen = self.stolen - before.stolen
        own = (self.own_s - before.own_s) * _ticks_per_s()
        busy = total - (self.idle - before.idle) - stolen
        return 100 * max(0.0, busy - own) / total, 100 * stolen / total


def cpu_times() -> CpuTimes | None:
    """The times now; None where the system does not tell."""
    if not STAT.exists():
        return None
    own = os.times()
    own_s = own.user + own.system + own.children_user + own.children_system
    return read_cpu_times(STAT.read_text(encoding="ascii"), own_s)


def read_cpu_times(stat: str, own_s: float) -> CpuTimes:
    """From the text of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal in its first line."""
    ticks = [int(field) for field in stat.splitlines()[0].split()[1:9]]
    return CpuTimes(sum(ticks), ticks[3] + ticks[4], ticks[7], own_s)


def disturbance(before: CpuTimes | None, after: CpuTimes | None) -> str:
    """A remark on others who used the machine between two looks; empty where it was quiet, or nobody can tell."""
    if before is None or after is None:
        return ""
    others, stolen = after.others_percent_since(before)
    if others + stolen < QUIET_PERCENT:
        return ""
    return (
        f"the machine was not quiet: other programs used {others:.0f} % of it, its host took {stolen:.0f} %; "
        "expect better figures on a quiet one"
    )


def _ticks_per_s() -> int:
    return os.sysconf("SC_CLK_TCK")
