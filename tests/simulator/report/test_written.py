"""Report files: whole or not there."""

from pathlib import Path

import pytest

from simulator.report.written import ReportError, check_place, written_whole


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    with written_whole(path) as file:
        file.write("half")
        file.flush()
        assert not path.exists()
        file.write(" and whole")
    assert path.read_text() == "half and whole"
    assert list(tmp_path.iterdir()) == [path]


def test_what_breaks_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("old")
    pieces = (str(1 // number) for number in (1, 0))
    with pytest.raises(ZeroDivisionError), written_whole(path) as file:
        file.writelines(pieces)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_system_refuses_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "report.xml"
    with pytest.raises(ReportError, match=r"report\.xml: could not be written: No such file"), written_whole(path):
        pass


def test_a_bad_place_is_complained_of_before_anything_runs(tmp_path: Path) -> None:
    check_place(tmp_path / "report.xml", "--junit")
    with pytest.raises(ReportError, match=r"--junit .*: expected an existing folder, there is no "):
        check_place(tmp_path / "nowhere" / "report.xml", "--junit")
    with pytest.raises(ReportError, match="expected a file name, this is a folder"):
        check_place(tmp_path, "--html")
