"""The examples of docs/python.md run, one after the other, as a reader would."""

import re
from pathlib import Path

import matplotlib as mpl
import pytest

from support.household import Household

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def test_the_examples_of_the_page_run(
    library: Household,
    obama2: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the choice of what draws

    monkeypatch.setenv("FAMILIAR_STATE", str(library.state))
    monkeypatch.setenv("FAMILIAR_CONFIG", str(library.config))
    names = {"photo": obama2, "folder": tmp_path, "plt": plt}
    for example in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(example, names)  # noqa: S102 - they are our own
    plt.close("all")
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("Barack Obama 1 ")
    assert any("('Barack Obama', 0." in line for line in printed)
    assert printed[-3:] == [
        "['biden.jpg', 'couple.jpg']",
        "2 {}",
        "There is no person named 'Nobody'; `familiar people list` shows the names.",
    ]
    assert list(tmp_path.rglob("*.jpg")) == []
