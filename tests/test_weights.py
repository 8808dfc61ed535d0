"""The eight arrays: their first values and their file."""

import pickle
import zipfile

import numpy as np
import pytest

from cnnbook import weights
from cnnbook.errors import InputError


@pytest.fixture(scope="module")
def start():
    return weights.initial("article", seed=3)


@pytest.fixture(scope="module")
def saved(start, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    weights.save(path, start)
    return path


def test_the_network_has_the_articles_number_of_parameters(start):
    assert weights.PARAMETERS == 3_274_634
    assert sum(array.size for array in start.values()) == 3_274_634
    assert {name: array.shape for name, array in start.items()} == weights.SHAPES


def test_the_articles_start_is_a_normal_cut_at_two_sigma(start):
    for name, array in start.items():
        if name.endswith("_b"):
            assert (array == np.float32(0.1)).all()
        else:
            assert np.abs(array).max() <= np.float32(0.2)
    # A normal distribution cut at two sigma keeps 0.87963 of its standard deviation.
    assert start["fc1_w"].std() == pytest.approx(0.1 * 0.87963, rel=1e-3)
    assert abs(start["fc1_w"].mean()) < 1e-3


def test_he_scales_by_the_fan_in():
    he = weights.initial("he")
    for name, fan_in in [("conv1_w", 25), ("conv2_w", 800), ("fc1_w", 3136), ("fc2_w", 1024)]:
        expected = 0.87963 * np.sqrt(2 / fan_in)
        assert he[name].std() == pytest.approx(expected, rel=0.05), name
    assert not he["conv1_b"].any()


def test_the_start_depends_on_the_seed_alone(start):
    again, other = weights.initial("article", seed=3), weights.initial("article", seed=4)
    for name in ("conv1_w", "fc2_w"):
        np.testing.assert_array_equal(start[name], again[name])
        assert (start[name] != other[name]).any()


def test_an_unknown_start_is_refused():
    with pytest.raises(ValueError, match="'xavier', expected"):
        weights.initial("xavier")


def test_what_is_saved_is_loaded(start, saved):
    for name, array in weights.load(saved).items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, start[name])


@pytest.mark.parametrize(("dtype", "loaded"), [("float16", "float32"), ("float64", "float64")])
def test_other_precisions(start, tmp_path, dtype, loaded):
    weights.save(tmp_path / "w.npz", start, dtype=dtype)
    back = weights.load(tmp_path / "w.npz")
    assert back["fc1_w"].dtype == loaded
    np.testing.assert_allclose(back["fc1_w"], start["fc1_w"], rtol=1e-3, atol=1e-7)


def refusal(path):
    with pytest.raises(InputError) as caught:
        weights.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_file(tmp_path):
    assert "no such file" in refusal(tmp_path / "none.npz")


def test_a_folder(tmp_path):
    assert "directory" in refusal(tmp_path)


def test_a_text_file(tmp_path):
    (tmp_path / "w.npz").write_text("not weights")
    assert "is not a whole .npz file" in refusal(tmp_path / "w.npz")


def test_a_bare_pickle_is_not_run(tmp_path):
    (tmp_path / "w.npz").write_bytes(pickle.dumps({"conv1_w": 1}))
    assert "is not a whole .npz file" in refusal(tmp_path / "w.npz")


def test_a_cut_file(saved, tmp_path):
    data = saved.read_bytes()
    (tmp_path / "w.npz").write_bytes(data[: len(data) // 2])
    assert "is not a whole .npz file" in refusal(tmp_path / "w.npz")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.9])
def test_a_flipped_byte(saved, tmp_path, share):
    data = bytearray(saved.read_bytes())
    data[int(len(data) * share)] ^= 0xFF
    (tmp_path / "w.npz").write_bytes(data)
    assert "is not a whole .npz file" in refusal(tmp_path / "w.npz")


def test_a_missing_array(start, tmp_path):
    np.savez(tmp_path / "w.npz", **{k: v for k, v in start.items() if k != "fc2_b"})
    assert "has no array fc2_b" in refusal(tmp_path / "w.npz")


def test_another_network(start, tmp_path):
    np.savez(tmp_path / "w.npz", **(start | {"fc2_w": np.zeros((1024, 20), np.float32)}))
    assert "shape (1024, 20), expected (1024, 10)" in refusal(tmp_path / "w.npz")


def test_a_pickled_array_is_not_unpickled(start, tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was run",))

    trap = np.empty(10, object)
    trap[0] = Trap()
    np.savez(tmp_path / "w.npz", **(start | {"fc2_b": trap}))
    assert "carries a pickle" in refusal(tmp_path / "w.npz")


def test_a_header_that_promises_too_much(start, tmp_path):
    np.savez(tmp_path / "good.npz", **start)
    with (
        zipfile.ZipFile(tmp_path / "good.npz") as good,
        zipfile.ZipFile(tmp_path / "w.npz", "w") as bad,
    ):
        for name in good.namelist():
            data = good.read(name)
            if name == "fc2_b.npy":
                data = data.replace(b"(10,), }", b"(2000000000,), }".ljust(8))
            bad.writestr(name, data)
    assert "fc2_b" in refusal(tmp_path / "w.npz")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(start, tmp_path, value):
    broken = start["fc2_b"].copy()
    broken[4] = value
    np.savez(tmp_path / "w.npz", **(start | {"fc2_b": broken}))
    assert "not finite" in refusal(tmp_path / "w.npz")


def test_integers(start, tmp_path):
    np.savez(tmp_path / "w.npz", **(start | {"fc2_b": np.arange(10)}))
    assert "int64, expected floating-point" in refusal(tmp_path / "w.npz")
