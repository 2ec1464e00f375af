"""Find known people in a folder with DeepFace, in an environment that has it: FOLDER KNOWN...

The last line that it prints is JSON: pairs of the names of a photo and of a person.
"""

import json
import sys
from pathlib import Path

from deepface import DeepFace

found = []
for known in map(Path, sys.argv[2:]):
    (table, *_) = DeepFace.find(
        img_path=str(known),
        db_path=sys.argv[1],
        model_name="Dlib",
        detector_backend="yunet",
        enforce_detection=False,
        silent=True,
    )
    found += [(Path(one).name, known.stem) for one in table["identity"]]
print(json.dumps(found))
