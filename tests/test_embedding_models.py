from familiar.embedding_models import DLIB, MODELS, SFACE, THRESHOLD, calibration_of, model_of, name_of
from familiar.settings import MatchingSettings


def test_a_model_is_known_by_the_id_of_its_embeddings() -> None:
    assert [model_of(model.id) for model in MODELS] == list(MODELS)
    assert model_of("dlib") is None
    assert [name_of(DLIB.id), name_of("arcface-1")] == ["dlib", "arcface-1"]


def test_one_threshold_holds_for_all_models() -> None:
    assert MatchingSettings().threshold == THRESHOLD
    assert (SFACE.length, DLIB.length) == (THRESHOLD, None)


def test_only_embeddings_of_one_length_are_compared_as_directions() -> None:
    assert [model.calibration.are_directions for model in MODELS] == [model.length is not None for model in MODELS]


def test_embeddings_of_an_unknown_model_are_compared_as_directions_of_which_no_mean_is_known() -> None:
    assert calibration_of(DLIB.id) == DLIB.calibration
    unknown = calibration_of("arcface")
    assert (unknown.are_directions, unknown.mean_direction) == (True, ())


def test_a_mean_direction_has_as_many_numbers_as_embeddings() -> None:
    assert {len(model.calibration.mean_direction) for model in MODELS} <= {0, 128}
    assert len(SFACE.calibration.mean_direction) == SFACE.dimension
