import hashlib
from pathlib import Path
from typing import Any

import pytest

from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE
from familiar.errors import UsageError
from familiar.settings import VisionSettings
from familiar.vision.chosen_model import chosen_model, settings_for


def test_the_settings_name_the_model_and_with_dlib_whether_faces_are_mirrored() -> None:
    assert chosen_model(VisionSettings(model="sface")) == SFACE
    assert chosen_model(VisionSettings(model="sface", mirror=False)) == SFACE
    assert chosen_model(VisionSettings(model="dlib")) == DLIB
    assert chosen_model(VisionSettings(mirror=False)) == DLIB_PLAIN


def own(file: Path, **changes: Any) -> VisionSettings:
    return VisionSettings.model_validate({"model": "own", "model_file": file, **changes})


def test_a_network_of_ones_own_is_told_by_its_file_and_by_all_that_its_embeddings_depend_on(tmp_path: Path) -> None:
    file, other = tmp_path / "own.onnx", tmp_path / "other.onnx"
    file.write_bytes(b"one network")
    other.write_bytes(b"another one")
    changes: tuple[dict[str, Any], ...] = ({}, {"model_length": 0.4}, {"model_colours": "bgr"}, {"model_std": 128})
    models = [chosen_model(own(file, **change)) for change in changes]
    assert len({model.id for model in (*models, chosen_model(own(other)))}) == 5
    assert chosen_model(own(file, workers=1)) == models[0]
    assert (models[0].name, models[0].dimension, models[1].length) == ("own", 512, 0.4)


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"vision.model_file: .*gone.onnx: no such file"):
        chosen_model(own(tmp_path / "gone.onnx"))


def test_settings_for_a_model_give_its_embeddings_whatever_was_set_before(tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(b"a network")
    for settings in (VisionSettings(), own(file), VisionSettings(model="sface"), VisionSettings(mirror=False)):
        for model in (SFACE, DLIB, DLIB_PLAIN):
            assert chosen_model(settings_for(model, settings)) == model
    assert settings_for(SFACE, own(file)).model_file is None
    hash_ = hashlib.sha256(b"a network").hexdigest()
    assert settings_for(chosen_model(own(file)), own(file)) == own(file, model_sha256=hash_)
