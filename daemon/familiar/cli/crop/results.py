"""What `familiar crop` tells of what it did."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from familiar.cli.console.output import print_json, print_table, say
from familiar.effects.journal import Step
from familiar.library.crops.candidates import CropCandidates
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.manifest import MANIFEST_NAME, CroppedFace, PersonReference
from familiar.library.crops.recorder import Recorder
from familiar.model import destination_of

_SHOWN = 20
"""Problems that people are shown."""


def show_crops(recorder: Recorder, failed: list[Step], sources: CropCandidates, *, as_json: bool) -> None:
    """Print the crops that were added, and what could not be done."""
    if as_json:
        print_json(
            {
                "folders": [_folder_as_json(folder, added) for folder, added in recorder.added.items()],
                "failed": [
                    *(
                        {"path": step.path, "target": destination_of(step.operation), "reason": step.error}
                        for step in failed
                    ),
                    *({"path": one.path, "target": None, "reason": one.reason} for one in sources.unread),
                ],
            }
        )
        return
    problems = [(step.path, step.error) for step in failed] + [(Path(one.path), one.reason) for one in sources.unread]
    if problems:
        print_table(("photo", "could not be cropped because"), problems[:_SHOWN])
    if len(problems) > _SHOWN:
        say(f"... and {len(problems) - _SHOWN} more.")
    columns = ("folder", "new crops", "enlarged", "there before", "photos without", "copies")
    rows = [
        (
            folder.path,
            len(added),
            sum(face.scale > 1 for face in added),
            len(folder.manifest.faces) - len(added),
            len(folder.manifest.unmatched),
            len(folder.manifest.copies),
        )
        for folder, added in recorder.added.items()
    ]
    print_table(columns, rows, right=columns[1:])
    added = sum(map(len, recorder.added.values()))
    say(f"{added} crops added, {len(problems)} failed; {MANIFEST_NAME} says where each comes from.")
    if added:
        say("`familiar undo --last` takes them back.")


def _folder_as_json(folder: CropFolder, added: Sequence[CroppedFace]) -> dict[str, Any]:
    manifest = folder.manifest
    reference = manifest.reference
    return {
        "folder": folder.path,
        "person": reference.person if isinstance(reference, PersonReference) else None,
        "added": [asdict(face) for face in added],
        "crops": len(manifest.faces),
        "unmatched": [asdict(one) for one in manifest.unmatched],
    }
