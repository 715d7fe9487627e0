from pathlib import Path

HERE = Path("here.toml")
