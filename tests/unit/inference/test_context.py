import numpy as np
import pytest

from akkd_core.bundle import Network
from akkd_core.errors import BundleMismatchError
from akkd_core.inference.context import Ancillary, make_context, pixel_features
from akkd_core.physics.scene_statistics import STATISTIC_NAMES
from tests.builders.bundles import bundle as small_bundle
from tests.builders.retrieval import scene_aware_bundle

MEAN = scene_aware_bundle().scene_network.input_mean[: len(STATISTIC_NAMES)]


def test_unknown_ancillary_is_the_training_mean_with_flag_down():
    bundle = scene_aware_bundle()
    network = bundle.scene_network
    raw = np.concatenate([MEAN, network.input_mean[-4:]]).astype(np.float32)
    raw[[-3, -1]] = 0.0
    expected = network.forward(raw[None])[0]
    context = make_context(bundle, MEAN)
    assert np.allclose(context.scene, expected, atol=1e-5)
    assert np.allclose(context.transmittance, np.exp(-np.exp(expected[:5])), atol=1e-5)
    assert context.in_domain


def test_known_ancillary_raises_its_flag():
    bundle = scene_aware_bundle()
    raw = np.concatenate([MEAN, [30.0, 1.0, 295.0, 1.0]]).astype(np.float32)
    expected = bundle.scene_network.forward(raw[None])[0]
    context = make_context(bundle, MEAN, Ancillary(30.0, 295.0))
    assert np.allclose(context.scene, expected, atol=1e-5)


def test_statistics_far_out_are_held_and_told():
    bundle = scene_aware_bundle()
    wild, edge = MEAN.copy(), MEAN.copy()
    wild[0] += 1000.0
    edge[0] += 6 * bundle.scene_network.input_scale[0]
    context = make_context(bundle, wild)
    assert not context.in_domain
    assert np.allclose(context.scene, make_context(bundle, edge).scene, atol=1e-4)


def test_a_scene_network_of_other_inputs_is_refused():
    with pytest.raises(BundleMismatchError, match="other inputs"):
        make_context(small_bundle(), MEAN)


def test_a_pixel_network_of_unknown_inputs_is_refused():
    bundle = small_bundle()
    context = make_context(scene_aware_bundle(), MEAN)
    with pytest.raises(BundleMismatchError, match="unknown"):
        pixel_features(bundle.pixel_network, np.zeros((2, 5), np.float32), context)


def test_the_papers_network_sees_the_five_brightness_temperatures():
    names = tuple(f"bt_{band}" for band in range(10, 15))
    network = Network(
        kernels=(np.eye(5),),
        biases=(np.zeros(5),),
        activations=("linear",),
        input_names=names,
        n_pixel_inputs=5,
        input_mean=np.zeros(5),
        input_scale=np.ones(5),
        output_names=tuple("abcde"),
        output_mean=np.zeros(5),
        output_scale=np.ones(5),
    )
    bt = np.full((3, 5), 290.0, dtype=np.float32)
    context = make_context(scene_aware_bundle(), MEAN)
    assert np.array_equal(pixel_features(network, bt, context), bt)
