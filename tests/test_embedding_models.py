import pytest

from familiar.embedding_models import DLIB, MODELS, SFACE, THRESHOLD, model_named, model_of


def test_a_model_is_known_by_its_name_and_by_the_id_of_its_embeddings() -> None:
    assert [model_named(model.name) for model in MODELS] == list(MODELS)
    assert [model_of(model.id) for model in MODELS] == list(MODELS)
    assert (model_named("arcface"), model_of("dlib")) == (None, None)


def test_one_threshold_holds_for_all_models() -> None:
    assert {model.calibration.threshold for model in MODELS} == {THRESHOLD}
    assert SFACE.length is not None
    assert SFACE.length * 0.95 == pytest.approx(THRESHOLD, abs=0.001)
    assert DLIB.length is None
