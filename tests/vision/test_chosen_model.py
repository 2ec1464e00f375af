from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE
from familiar.settings import VisionSettings
from familiar.vision.chosen_model import chosen_model


def test_the_settings_name_the_model_and_with_dlib_whether_faces_are_mirrored() -> None:
    assert chosen_model(VisionSettings(model="sface")) == SFACE
    assert chosen_model(VisionSettings(model="sface", mirror=False)) == SFACE
    assert chosen_model(VisionSettings(model="dlib")) == DLIB
    assert chosen_model(VisionSettings(mirror=False)) == DLIB_PLAIN
