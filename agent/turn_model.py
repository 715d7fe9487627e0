"""An end-of-turn model: an ONNX file of smart-turn v3's kind, loaded once, asked whether a caller is done.

An extra, `pip install offhook[turn]`, that brings onnxruntime. The file is the user's own: the package pipecat-ai has
one, smart-turn's authors publish others. One turn is judged at a time: on one thread two together take twice as long
(68 ms alone, 135 two, 561 eight; Xeon, 2.5 GHz), so each answer leaves as soon as it is there.
"""

import importlib.util
from pathlib import Path
from typing import Any

from agent.errors import SettingsError
from agent.turn_features import BANDS, FRAMES, log_mel
from fsm.units import ULAW_SILENCE

INSTALL = "pip install 'offhook[turn]'"
SETTING = "OFFHOOK_END_OF_TURN_MODEL"
KIND = f"a model like smart-turn v3: features of {BANDS} by {FRAMES} in, the probability that the turn is over out"


class TurnModel:
    """The model itself. Raises SettingsError where it is missing, or is none of this kind: it is tried out at once."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SettingsError(f"{SETTING}: expected the ONNX file of {KIND}; there is no file {path}")
        if importlib.util.find_spec("onnxruntime") is None:
            raise SettingsError(f"{SETTING} needs onnxruntime, which is not installed: {INSTALL}")
        import onnxruntime  # noqa: PLC0415 - the extra brings it, and most servers do without

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what is wrong is raised, and told by us
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            (self._input,) = (each.name for each in self._session.get_inputs())
            self.judge(bytes([ULAW_SILENCE]))
        except Exception as error:  # whatever onnxruntime raises: it has a dozen kinds, and no common one
            raise SettingsError(f"{SETTING}: {path} is not {KIND} ({_first_line(error)})") from error

    def judge(self, audio: bytes) -> int:
        """How likely (%) the turn is over that sounded as mu-law `audio`. Raises whatever onnxruntime does."""
        (answer, *_) = self._session.run(None, {self._input: log_mel(audio)[None]})
        probability = float(answer.item())
        if not 0 <= probability <= 1:
            raise ValueError(f"expected a probability, got {probability:g}")
        return round(100 * probability)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
