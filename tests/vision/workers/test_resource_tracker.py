"""What is left of a process that was killed while it had workers."""

import subprocess
import sys
from pathlib import Path

_KILLED = """
import os, signal, sys
from pathlib import Path
from familiar.settings import VisionSettings
from familiar.vision.workers.pool import Workers
workers = Workers(settings=VisionSettings(workers=1), models=Path(sys.argv[1]), networks=False)
workers.warm_up()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_no_warning_behind(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, tmp_path], stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )  # it ends when all that was started has closed standard error
    assert (killed.returncode, killed.stderr) == (-9, "")
