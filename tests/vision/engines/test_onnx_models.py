import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.errors import FamiliarError
from familiar.vision.engines.dlib_files import Convolution, read_layers
from familiar.vision.engines.dlib_models import DETECTOR, ENCODER
from familiar.vision.engines.mtcnn_models import OUTPUT, PROPOSAL, REFINEMENT
from familiar.vision.engines.onnx_models import Network, model_of, models_of
from familiar.vision.faces.pyramid import tiles_of

ALL = [ENCODER, DETECTOR, PROPOSAL, REFINEMENT, OUTPUT]


def source_of(network: Network) -> Path:
    return network.source.path()


def test_a_network_is_converted_once_and_kept(tmp_path: Path) -> None:
    model = model_of(DETECTOR, tmp_path / "models")
    (path,) = (tmp_path / "models").iterdir()
    before = path.stat().st_mtime_ns
    assert model_of(DETECTOR, tmp_path / "models") == model
    assert path.stat().st_mtime_ns == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_what_an_earlier_version_converted_is_removed(tmp_path: Path) -> None:
    model_of(PROPOSAL, tmp_path)
    (path,) = tmp_path.iterdir()
    path.rename(path.with_name(re.sub(r"-\d+\.model$", "-1.model", path.name)))
    model_of(PROPOSAL, tmp_path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", [slice(0, 1000), slice(0, 0), slice(-1, None)])
def test_a_changed_cached_network_is_converted_again(tmp_path: Path, damage: slice) -> None:
    model = model_of(PROPOSAL, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[damage])
    assert model_of(PROPOSAL, tmp_path) == model
    zeroed = bytearray(whole)
    zeroed[10_000:12_000] = bytes(2000)
    path.write_bytes(zeroed)
    assert model_of(PROPOSAL, tmp_path) == model
    assert path.read_bytes() == whole


def test_what_was_converted_before_needs_the_file_no_longer(tmp_path: Path) -> None:
    file = tmp_path / Path(PROPOSAL.source.file).name
    file.write_bytes(source_of(PROPOSAL).read_bytes())
    (model,) = models_of([PROPOSAL], tmp_path / "models", path=file)
    file.write_bytes(b"another one")
    assert list(models_of([PROPOSAL], tmp_path / "models", path=file)) == [model]


@pytest.mark.parametrize("network", ALL, ids=lambda network: network.source.file)
def test_another_file_than_the_known_one_is_refused_with_its_name_and_the_remedy(
    tmp_path: Path, network: Network
) -> None:
    other = tmp_path / Path(network.source.file).name
    other.write_bytes(source_of(network).read_bytes()[:-1])
    with pytest.raises(FamiliarError, match=rf"not the file of {network.source.release} .*install that package"):
        next(models_of([network], tmp_path, path=other))
    assert [entry.name for entry in tmp_path.iterdir()] == [other.name]


def test_a_file_that_ends_within_a_layer_is_not_a_network() -> None:
    data = source_of(DETECTOR).read_bytes()
    with pytest.raises(FamiliarError, match="not a network of dlib, or truncated"):
        read_layers(data[: len(data) // 2])


def test_the_layers_of_the_detector_are_read_with_their_scales_folded_in() -> None:
    layers = read_layers(source_of(DETECTOR).read_bytes())
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    assert [layer.weights.shape for layer in convolutions] == [
        (16, 3, 5, 5), (32, 16, 5, 5), (32, 32, 5, 5), (45, 32, 5, 5), (45, 45, 5, 5), (45, 45, 5, 5), (1, 45, 9, 9)
    ]  # fmt: skip
    assert [(layer.stride, layer.padding) for layer in convolutions] == [(2, 0)] * 3 + [(1, 2)] * 3 + [(1, 4)]
    assert all(np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all() for layer in convolutions)


@given(rows=st.integers(1, 2000), columns=st.integers(1, 2000))
@settings(deadline=None, max_examples=200)
def test_the_tiles_of_a_pyramid_are_in_its_plane_and_do_not_overlap(rows: int, columns: int) -> None:
    height, width, tiles = tiles_of(rows, columns)
    assert (tiles[0].rows, tiles[0].columns) == (rows, columns)
    taken = np.zeros((height, width), bool)
    for tile in tiles:
        area = taken[tile.top : tile.top + tile.rows, tile.left : tile.left + tile.columns]
        assert area.shape == (tile.rows, tile.columns)
        assert not area.any()
        area[:] = True
