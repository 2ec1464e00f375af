"""Count calls of some functions of familiar in all processes of a command, and the calls that wait for a disk.

Python runs this file as it starts, where a folder of `PYTHONPATH` has it as `sitecustomize.py`. Each process appends to
the file `FAMILIAR_CALLS` a line with the label of each function that is called.
"""

import os
import sys
from collections.abc import Mapping
from types import CodeType, FrameType

FILE = "FAMILIAR_CALLS"
"""The variable of the environment with the file."""

COUNTED: Mapping[str, str] = {
    "vision/decoding/loading.py:load_picture": "pictures decoded",
    "vision/engines/onnx_sessions.py:run": "runs of a network",
    "filesystem/reading.py:read_bytes": "files read to decode them",
    "vision/workers/channel.py:Reply.of": "tasks of a worker",
    "folders/intake.py:Intake.advance": "turns",
    "store/connection.py:Connection.execute": "SQL statements",
    "store/connection.py:Connection.executemany": "SQL statements",
}
"""What is counted, by file and name of the function."""

_HANDLED = "handler.py"
_ELSEWHERE = "SQL statements of turns"


class CallCounter:
    """Counts the calls in this process; statements that are not about one photo are counted apart."""

    def __init__(self, file: str) -> None:
        """Begin when modules are loaded, which are many calls: with the first store, and in copies of a process."""
        self._file = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._labels: dict[CodeType, str | None] = {}
        sys.addaudithook(self._audit)
        os.register_at_fork(after_in_child=lambda: sys.setprofile(self._note))

    def _audit(self, event: str, _arguments: object) -> None:
        if event == "sqlite3.connect":
            sys.setprofile(self._note)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code not in self._labels:
            name = code.co_filename.rpartition("/familiar/")[2] + ":" + code.co_qualname
            self._labels[code] = COUNTED.get(name)
        label = self._labels[code]
        if label is not None:
            of_photo = label != "SQL statements" or _is_about_a_photo(frame)
            os.write(self._file, f"{label if of_photo else _ELSEWHERE}\n".encode())


def _is_about_a_photo(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.endswith(_HANDLED):
            return True
        frame = frame.f_back
    return False


if FILE in os.environ and __name__ == "sitecustomize":
    CallCounter(os.environ[FILE])
