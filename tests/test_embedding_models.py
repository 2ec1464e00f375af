from familiar.embedding_models import DLIB, MODELS, SFACE, THRESHOLD, calibration_of, model_named, model_of
from familiar.settings import MatchingSettings


def test_a_model_is_known_by_its_name_and_by_the_id_of_its_embeddings() -> None:
    assert [model_named(model.name) for model in MODELS] == list(MODELS)
    assert [model_of(model.id) for model in MODELS] == list(MODELS)
    assert (model_named("arcface"), model_of("dlib")) == (None, None)


def test_one_threshold_holds_for_all_models() -> None:
    assert MatchingSettings().threshold == THRESHOLD
    assert (SFACE.length, DLIB.length) == (THRESHOLD, None)


def test_only_embeddings_of_one_length_are_compared_as_directions() -> None:
    assert [model.calibration.are_directions for model in MODELS] == [model.length is not None for model in MODELS]


def test_embeddings_of_an_unknown_model_are_compared_as_those_of_sface() -> None:
    assert calibration_of(DLIB.id) == DLIB.calibration
    assert calibration_of("arcface") == SFACE.calibration
