"""Recordings of any kind as the audio of a telephone: 16-bit samples at 8 kHz, one channel, native byte order."""

import audioop
from pathlib import Path
from typing import TYPE_CHECKING

from fsm.units import FRAME_SAMPLES, SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import soundfile

RAW_SUFFIXES = (".ulaw", ".ul", ".mulaw")
"""Files without a header that hold mu-law at 8 kHz."""

BLOCK_SAMPLES = 1 << 16
"""Samples of each channel that are read at a time: an hour of studio sound needs no more memory than a minute."""

LOUDEST = 32_767

ACTIVE_DB = 20.0
"""Speech is active where it is no quieter than this below its loudest tenth: pauses must not make it look soft."""


class AudioError(ValueError):
    """This is no sound that can be heard; the message says what was expected and what came."""


def read_audio(path: Path, *, channel: int = 0, is_raw: bool = False) -> bytes:
    """One channel of a recording, counted from 0; `is_raw`: mu-law at 8 kHz without a header, whatever its name.

    Everything libsndfile reads is read: WAV of any rate, depth and number of channels, FLAC, Ogg, MP3. Raises
    AudioError.
    """
    if is_raw or path.suffix.lower() in RAW_SUFFIXES:
        return _read_raw(path, channel)
    import soundfile  # noqa: PLC0415 - brings numpy, which no server needs

    _readable(path)
    try:
        with soundfile.SoundFile(path) as recording:
            return _resampled(path, recording, channel)
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path}: expected a recording (WAV, FLAC, Ogg, MP3; raw mu-law with --raw): {error.error_string}"
        ) from error


def as_ulaw(sound: bytes) -> bytes:
    """What the telephone makes of 16-bit samples."""
    return audioop.lin2ulaw(sound, 2)


def mix(sound: bytes, noise: bytes, snr_db: float, *, speech_rms: int | None = None) -> bytes:
    """`sound` within `noise`, repeated as needed, whose power is `snr_db` below that of the speech.

    `speech_rms`: how loud the speech is where that is known; else it is measured over the active part of `sound`.
    """
    gain = (speech_rms or active_rms(sound)) / (audioop.rms(noise, 2) or 1) / 10 ** (snr_db / 20)
    repeated = noise * (len(sound) // len(noise) + 1)
    return audioop.add(sound, audioop.mul(repeated[: len(sound)], 2, gain), 2)


def active_rms(sound: bytes) -> int:
    """Loudness (RMS) of the frames that are not pauses; 1 for digital silence."""
    frame_bytes = 2 * FRAME_SAMPLES
    frames = [sound[begin : begin + frame_bytes] for begin in range(0, len(sound), frame_bytes)]
    levels = [audioop.rms(frame, 2) for frame in frames]
    least = sorted(levels)[len(levels) * 9 // 10] / 10 ** (ACTIVE_DB / 20)
    active = b"".join(frame for frame, level in zip(frames, levels, strict=True) if level >= least)
    return audioop.rms(active, 2) or 1


def _read_raw(path: Path, channel: int) -> bytes:
    _readable(path)
    _check_channel(path, channel, 1)
    audio = path.read_bytes()
    if audio.startswith((b"RIFF", b"fLaC", b"OggS")):
        raise AudioError(f"{path}: expected raw mu-law, got a file with a header; leave out --raw, or rename it")
    if not audio:
        raise AudioError(f"{path}: expected raw mu-law at 8 kHz, got an empty file")
    return audioop.ulaw2lin(audio, 2)


def _readable(path: Path) -> None:
    """AudioError where there is nothing to read, in plainer words than a library's."""
    if path.is_dir():
        raise AudioError(f"{path}: expected one recording, got a folder")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise AudioError(f"{path}: cannot be read: {error.strerror}") from error


def _check_channel(path: Path, channel: int, channels: int) -> None:
    if channel >= channels:
        has = "one channel, 0" if channels == 1 else f"channels 0 to {channels - 1}"
        raise AudioError(f"{path}: expected a channel that is there, got {channel}; it has {has}")


def _resampled(path: Path, recording: "soundfile.SoundFile", channel: int) -> bytes:
    import numpy as np  # noqa: PLC0415 - see read_audio
    import soxr  # noqa: PLC0415 - same

    _check_channel(path, channel, recording.channels)
    resampler = soxr.ResampleStream(recording.samplerate, SAMPLE_RATE_HZ, 1, dtype="float32")
    pieces = []
    for block in recording.blocks(BLOCK_SAMPLES, dtype="float32", always_2d=True):
        samples = np.nan_to_num(block[:, channel])
        pieces.append(samples if recording.samplerate == SAMPLE_RATE_HZ else resampler.resample_chunk(samples))
    sound = np.concatenate([*pieces, resampler.resample_chunk(np.zeros(0, "float32"), last=True)])
    if not len(sound):
        raise AudioError(f"{path}: expected sound, got a recording without a single sample")
    return bytes((np.clip(sound, -1, 1) * LOUDEST).round().astype("int16").tobytes())
