from simulator.bench_server import memory_kb, written_kb

SMAPS = """\
55d0-7fff ---p 00000000 00:00 0 [rollup]
Rss:               60000 kB
Shared_Clean:       9000 kB
Private_Clean:      8000 kB
Private_Dirty:     37000 kB
Swap:                500 kB
"""


def test_memory_is_what_was_written_and_not_what_others_happen_to_share() -> None:
    assert written_kb(SMAPS) == 37_500
    library_is_now_ours_alone = SMAPS.replace("Private_Clean:      8000", "Private_Clean:     17000")
    assert written_kb(library_is_now_ours_alone) == 37_500


def test_this_process_uses_memory_and_says_how_it_knows() -> None:
    used_kb, told_by = memory_kb()
    assert used_kb > 1_000
    assert told_by
