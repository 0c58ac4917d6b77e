import numpy as np
import pytest

from akkd_core.bundle import Network
from akkd_core.errors import BundleMismatchError, ParameterError
from akkd_core.inference.context import (
    Ancillary,
    BandAtmosphere,
    known_in,
    make_context,
    pixel_features,
)
from akkd_core.inference.windows import Window
from akkd_core.physics.features import ATMOSPHERE_NAMES, decode_atmosphere, unit_of
from akkd_core.physics.scene_statistics import (
    PROFILE_NAMES,
    SCENE_INPUT_SETS,
    SCENE_INPUTS,
    STATISTIC_NAMES,
)
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


TAU = np.array([0.49, 0.62, 0.69, 0.70, 0.66])
PATH = np.array([3.4, 2.6, 2.1, 2.3, 2.5])
DOWN = np.array([4.6, 3.9, 3.2, 3.5, 3.7])
AIR = BandAtmosphere(TAU, PATH, DOWN)


def test_profile_inputs_by_name() -> None:
    assert PROFILE_NAMES[0] == "profile_log_optical_depth_10"
    assert PROFILE_NAMES == (*(f"profile_{n}" for n in ATMOSPHERE_NAMES), "profile_known")
    assert SCENE_INPUT_SETS == (SCENE_INPUTS, SCENE_INPUTS + PROFILE_NAMES)
    assert not set(PROFILE_NAMES) & set(SCENE_INPUTS)
    assert {unit_of(name) for name in PROFILE_NAMES} == {"1"}


def test_known_atmosphere_enters_encoded_with_its_flag() -> None:
    bundle = scene_aware_bundle(names=SCENE_INPUTS + PROFILE_NAMES)
    network = bundle.scene_network
    encoded = [*np.log(-np.log(TAU)), *np.log(PATH), *np.log(DOWN)]
    unknown = [network.input_mean[len(MEAN)], 0.0, 295.0, 1.0]
    raw = np.concatenate([MEAN, unknown, encoded, [1.0]]).astype(np.float32)
    context = make_context(bundle, MEAN, Ancillary(None, 295.0, AIR))
    assert np.allclose(context.scene, network.forward(raw[None])[0], atol=1e-5)
    raw[-16:-1], raw[-1] = network.input_mean[-16:-1], 0.0
    expected = network.forward(raw[None])[0]
    unaided = make_context(bundle, MEAN, Ancillary(None, 295.0))
    assert np.allclose(unaided.scene, expected, atol=1e-5)
    assert np.abs(context.scene - unaided.scene).max() > 1e-2
    for found, given in zip(decode_atmosphere(AIR.encoded()), (TAU, PATH, DOWN), strict=True):
        assert np.allclose(found, given, rtol=1e-5)


@pytest.mark.parametrize("bundle", [scene_aware_bundle(), small_bundle()], ids=["scene", "pixel"])
def test_a_bundle_without_profiles_says_what_to_do(bundle) -> None:
    with pytest.raises(BundleMismatchError, match="not trained with profiles.*akkd tes --profile"):
        make_context(bundle, MEAN, Ancillary(20.0, None, AIR))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((TAU[:4], PATH, DOWN), "transmittance"),
        ((TAU * 2, PATH, DOWN), "transmittance"),
        ((TAU * 0, PATH, DOWN), "transmittance"),
        ((TAU, -PATH, DOWN), "path_radiance"),
        ((TAU, PATH, DOWN * np.nan), "downwelling_radiance"),
        ((TAU, PATH, DOWN * 20), "downwelling_radiance"),
    ],
)
def test_no_atmosphere_at_all(values, message) -> None:
    with pytest.raises(ParameterError, match=message):
        BandAtmosphere(*values)


def test_what_is_known_may_differ_by_window() -> None:
    west, east = Window(0, 0, 5, 5), Window(0, 3, 5, 5)
    air = {west: Ancillary(10.0), east: Ancillary(30.0)}
    assert known_in(air, east).tcwv_kg_m2 == 30.0
    assert known_in(Ancillary(7.0), east).tcwv_kg_m2 == 7.0
