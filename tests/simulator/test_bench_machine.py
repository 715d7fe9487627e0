import os

from simulator.bench_machine import CpuTimes, cpu_model, disturbance, facts, read_cpu_times

STAT = "cpu  100 0 50 800 20 1 2 27 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
TICKS = os.sysconf("SC_CLK_TCK")


def test_the_first_line_of_stat_is_the_whole_machine() -> None:
    assert read_cpu_times(STAT, 1.5) == CpuTimes(total=1_000, idle=820, stolen=27, own_s=1.5)


def test_the_processor_has_a_name() -> None:
    assert cpu_model("processor : 0\nmodel name\t: Fast One @ 2 GHz\n") == "Fast One @ 2 GHz"
    assert cpu_model("") != ""
    assert facts()["cpu"]


def test_a_quiet_machine_needs_no_remark() -> None:
    before = CpuTimes(0, 0, 0, 0.0)
    ours_s = 20.0
    after = CpuTimes(total=100 * TICKS, idle=78 * TICKS, stolen=TICKS, own_s=ours_s)
    assert disturbance(before, after) == ""


def test_others_who_used_the_machine_are_named() -> None:
    before = CpuTimes(0, 0, 0, 0.0)
    after = CpuTimes(total=100 * TICKS, idle=40 * TICKS, stolen=10 * TICKS, own_s=20.0)
    assert "other programs used 30 %" in disturbance(before, after)
    assert "its host took 10 %" in disturbance(before, after)


def test_where_nobody_can_tell_nothing_is_said() -> None:
    assert disturbance(None, None) == ""
