"""The status for monitoring."""

import os
import re
from contextlib import suppress
from pathlib import Path

from conftest import put
from familiar.store.store import STORE_NAME
from support.household import Household
from support.mounts import mounted

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
    assert {"familiar_running 0", "familiar_failing 0", "familiar_roots_offline 0", "familiar_pending 0"} <= set(lines)
    assert {"familiar_operations_failed 0", "familiar_operations_waiting 0", "familiar_flickr_stopped 0"} <= set(lines)
    assert any(line.startswith("familiar_free_bytes ") for line in lines)
    assert f'familiar_root_online{{root="{household.inbox}"}} 1' in lines
    assert any(line.startswith(f'familiar_root_online{{root="{household.base}/\\"odd\\" ') for line in lines)


def test_a_store_that_can_not_be_opened_is_a_metric_and_no_empty_file(household: Household) -> None:
    household.make_store()
    (household.state / STORE_NAME).write_bytes(b"no store" * 1000)
    lines = household.ask("status", "--prometheus").stdout.splitlines()
    assert {"familiar_running 0", "familiar_failing 1", "familiar_store_bytes 8000"} <= set(lines)


def test_while_the_disk_of_the_store_is_full_a_daemon_may_wait_for_it(household: Household) -> None:
    household.state.mkdir(exist_ok=True)
    with mounted(household.state, "size=2m"):
        household.make_store()
        with suppress(OSError), (household.state / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        lines = household.ask("status", "--prometheus").stdout.splitlines()
        assert {"familiar_failing 1", "familiar_free_bytes 0"} <= set(lines)
        found = {one["subject"]: one["detail"] for one in household.json("doctor", check=False)}
        told = "not running, unless it waits until the store can be opened (see systemctl status familiar)"
        assert found["daemon"] == told
