from pathlib import Path

import pytest

from agent.config import load_config
from agent.config_report import describe
from agent.errors import SettingsError
from agent.turn_features import BANDS, log_mel
from agent.turn_model import INSTALL, TurnModel
from agent.turn_room import open_turn_room
from tests.agent.test_silero_room import in_loop
from tests.agent.test_voice_activity import noise, ulaw
from tests.agent.tiny_turn_model import model_file
from tests.fakes import ManualClock

pytest.importorskip("onnx", reason="what makes a model is not installed: pip install offhook[dev]")
pytest.importorskip("onnxruntime", reason="the extra offhook[turn] is not installed")

NOISE = ulaw(noise(2_000, 3_000))


def test_a_model_is_asked_with_the_features_of_the_sound(tmp_path: Path) -> None:
    model = TurnModel(model_file(tmp_path / "tiny.onnx"))
    mean = float(log_mel(NOISE).mean())
    assert model.judge(NOISE) == round(100 / (1 + 2.718281828 ** (-9 * mean)))
    assert model.judge(NOISE) != model.judge(b"\xff" * 800)


def test_a_number_that_is_no_probability_is_refused(tmp_path: Path) -> None:
    model = TurnModel(model_file(tmp_path / "tiny.onnx", squashed=True))
    assert 0 <= model.judge(NOISE) <= 100
    with pytest.raises(SettingsError, match=r"is not a model like smart-turn v3.*expected a probability, got -"):
        TurnModel(model_file(tmp_path / "logits.onnx", squashed=False))


@pytest.mark.parametrize(
    ("bands", "inputs", "what"), [(128, 1, "Got invalid dimensions"), (BANDS, 2, "too many values to unpack")]
)
def test_a_model_of_another_kind_is_refused_at_once(tmp_path: Path, bands: int, inputs: int, what: str) -> None:
    path = model_file(tmp_path / "other.onnx", bands=bands, inputs=inputs)
    with pytest.raises(SettingsError) as refused:
        TurnModel(path)
    assert str(refused.value).startswith(
        f"OFFHOOK_END_OF_TURN_MODEL: {path} is not a model like smart-turn v3: features of 80 by 800 in, "
    )
    assert what in str(refused.value)


def test_what_is_no_model_and_what_is_not_there_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.onnx"
    page.write_text("<html>404</html>")
    with pytest.raises(SettingsError, match=r"page\.onnx is not a model like smart-turn v3"):
        TurnModel(page)
    with pytest.raises(SettingsError, match=r"expected the ONNX file of .*; there is no file .*nowhere\.onnx"):
        TurnModel(tmp_path / "nowhere.onnx")


def test_without_the_extra_it_is_told_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = model_file(tmp_path / "tiny.onnx")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SettingsError) as refused:
        TurnModel(path)
    assert str(refused.value).endswith(f"needs onnxruntime, which is not installed: {INSTALL}")


@in_loop
async def test_the_setting_names_the_file_and_the_report_says_so(tmp_path: Path) -> None:
    clock = ManualClock()
    assert open_turn_room(load_config({}), clock) is None
    assert not [line for line in describe(load_config({})) if line.name == "OFFHOOK_END_OF_TURN_MODEL"]
    path = model_file(tmp_path / "tiny.onnx")
    chosen = load_config({"OFFHOOK_END_OF_TURN_MODEL": str(path)})
    room = open_turn_room(chosen, clock)
    assert room is not None
    room.close()
    (line,) = (line for line in describe(chosen) if line.name == "OFFHOOK_END_OF_TURN_MODEL")
    assert str(line).startswith(f"ok       OFFHOOK_END_OF_TURN_MODEL: {path}: one model for all calls")
    with pytest.raises(SettingsError, match="there is no file"):
        open_turn_room(load_config({"OFFHOOK_END_OF_TURN_MODEL": "nowhere.onnx"}), clock)
