"""The status for monitoring."""

import os
import re
from pathlib import Path

from conftest import put
from support.household import Household

_LINE = re.compile(r'familiar_\w+(\{\w+="([^"\\\n]|\\["\\n])*"\})? -?\d+')


def test_the_status_is_printed_as_metrics_whose_names_of_folders_are_escaped(
    household: Household, meadow: Path
) -> None:
    odd = household.base / os.fsdecode(b'"odd" \\\n\xff')
    odd.mkdir()
    put(meadow, household.inbox)
    household.scan(household.inbox, odd)
    text = household.ask("status", "--prometheus").stdout
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    assert 'familiar_files{state="done"} 1' in lines
    assert "familiar_running 0" in lines
    assert f'familiar_root_online{{root="{household.inbox}"}} 1' in lines
    assert any(line.startswith(f'familiar_root_online{{root="{household.base}/\\"odd\\" ') for line in lines)
