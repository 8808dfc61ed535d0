"""Any image file, brought to MNIST's convention and shown."""

import io
import os
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnbook import mnist
from cnnbook.errors import InputError
from cnnbook.files import book_folder
from cnnbook.predict import describe, predict, read_image, to_mnist
from cnnbook.weights import load as load_weights


@pytest.fixture(scope="module")
def data():
    return mnist.load()


@pytest.fixture(scope="module")
def digits(data):
    """The first 40 test images as bytes, dark ground."""
    return np.round(data.test.images[:40, :, :, 0] * 255).astype(np.uint8)


def enlarged(digit, times, method=Image.Resampling.BICUBIC):
    return np.asarray(Image.fromarray(digit).resize((28 * times, 28 * times), method))


def normalised(picture):
    return to_mnist(np.asarray(picture, np.float32) / 255)[:, :, 0]


def distance(picture, digit):
    """Ink that differs, as a share of the digit's ink, at the best shift of up to one pixel."""
    target = digit / 255
    shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return min(
        np.abs(np.roll(picture, shift, axis=(0, 1)) - target).sum() / target.sum()
        for shift in shifts
    )


def saved(path, picture, **options):
    Image.fromarray(picture).save(path, **options)
    return path


# The convention


def test_all_of_mnist_has_its_centre_of_mass_nearest_to_pixel_14(data):
    parts = [part.images[..., 0] for part in (data.train, data.validation, data.test)]
    assert sum(map(len, parts)) == 70_000
    for images in parts:
        mass = images.sum(axis=(1, 2))
        for axis in (1, 2):
            centre = images.sum(axis=axis) @ np.arange(28) / mass
            assert centre.min() > 13.47 and centre.max() < 14.51
        used = [images.max(axis=axis) > 0 for axis in (1, 2)]
        sides = [28 - on.argmax(axis=1) - on[:, ::-1].argmax(axis=1) for on in used]
        assert np.mean(np.maximum(*sides) == 20) > 0.999


def test_a_picture_in_the_convention_comes_back_as_it_is(digits):
    errors = [distance(normalised(digit), digit) for digit in digits]
    assert np.mean(np.array(errors) < 1e-6) > 0.95
    assert max(errors) < 0.01


def test_twice_is_once(digits):
    for digit in digits[:10]:
        once = normalised(255 - enlarged(digit, 7))
        again = to_mnist(once)[:, :, 0]
        assert distance(again, 255 * once) < 0.02


def corner(digit):
    sheet = np.full((900, 1300), 240, np.uint8)
    sheet[20:300, 1000:1280] = 240 - (enlarged(digit, 10) * 0.9).astype(np.uint8)
    return sheet


def tiny_on_a_huge_sheet(digit):
    sheet = np.zeros((3000, 4000), np.uint8)
    sheet[2950:2978, 11:39] = digit
    return sheet


def photograph(digit):
    """Dark ink on paper lit from one side, with a vignette and the noise of a sensor."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[-1:1:600j, -1:1:800j]
    light = 0.7 + 0.2 * x - 0.1 * y - 0.15 * (x * x + y * y)
    ink = np.zeros((600, 800))
    ink[90:370, 60:340] = enlarged(digit, 10) / 255
    return 255 * np.clip(light * (1 - 0.8 * ink) + rng.normal(0, 0.03, ink.shape), 0, 1)


def compressed(digit):
    file = io.BytesIO()
    Image.fromarray(255 - enlarged(digit, 10)).save(file, "JPEG", quality=50)
    return np.asarray(Image.open(file))


CHANGES = {
    "inverted": (lambda digit: 255 - digit, 0.01),
    "ten times larger": (lambda digit: enlarged(digit, 10, Image.Resampling.NEAREST), 0.03),
    "smoothly larger": (lambda digit: 255 - enlarged(digit, 10), 0.45),
    "cut out tightly": (lambda digit: digit[digit.any(axis=1)][:, digit.any(axis=0)], 0.01),
    "faint": (lambda digit: 240 - digit * 0.3, 0.05),
    "noisy": (
        lambda digit: np.clip(
            240 - digit * 0.9 + np.random.default_rng(3).normal(0, 6, digit.shape), 0, 255
        ),
        0.15,
    ),
    "in a corner": (corner, 0.45),
    "tiny on a huge sheet": (tiny_on_a_huge_sheet, 0.01),
    "photographed": (photograph, 0.45),
    "compressed": (compressed, 0.45),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_digit_becomes_the_same_picture(change, digits):
    transform, bound = CHANGES[change]
    sample = digits[: 3 if transform in (corner, photograph, tiny_on_a_huge_sheet) else 20]
    errors = [distance(normalised(transform(digit)), digit) for digit in sample]
    # One in twenty may miss: a "1" cut out tightly is more ink than paper.
    assert np.sort(errors)[-2 if len(errors) > 10 else -1] < bound


def test_thin_lines_become_strokes_as_wide_as_those_of_mnist():
    sheet = np.full((1000, 1000), 255, np.uint8)
    sheet[200:800, 300:302] = 0
    sheet[200:202, 300:600] = 0
    picture = normalised(sheet)
    assert picture.max() > 0.95
    assert 1.2 < picture[14:18].sum(axis=1).mean() < 2.2


def test_dust_and_the_edge_of_the_desk_are_left_out(digits):
    sheet = np.full((400, 500), 230, np.uint8)
    sheet[60:340, 120:400] -= (enlarged(digits[0], 10) * 0.8).astype(np.uint8)
    clean = normalised(sheet)
    sheet[:, :20] = 40
    sheet[30:34, 450:454] = 20
    np.testing.assert_allclose(normalised(sheet), clean, atol=0.02)


@pytest.mark.parametrize("shape", [(5, 5), (8, 20), (3, 9), (9, 3), (300, 2), (700, 701)])
def test_the_centre_of_mass_and_the_box_keep_the_convention(shape):
    sheet = np.ones(shape, np.float32)
    height, width = (max(1, n // 3) for n in shape)
    sheet[height : 2 * height or 1, width : 2 * width or 1] = 0
    picture = to_mnist(sheet)
    assert picture.shape == (28, 28, 1) and picture.dtype == np.float32
    assert picture.min() >= 0 and picture.max() <= 1
    for axis in (0, 1):
        profile = picture[:, :, 0].sum(axis=1 - axis)
        assert 13.49 < np.arange(28) @ profile / profile.sum() < 14.51


def test_five_by_five_pixels_are_enough_for_a_bar():
    sheet = np.ones((5, 5), np.float32)
    sheet[1:4, 2] = 0
    picture = to_mnist(sheet)[:, :, 0]
    assert picture[14, 14] > 0.9 and picture[:, :6].max() < 0.1


@pytest.mark.parametrize(
    "sheet",
    [
        np.zeros((28, 28)),
        np.ones((1, 1)),
        np.full((3000, 4000), 0.5),
        np.linspace(0.3, 0.9, 120_000).reshape(300, 400),
        np.clip(np.random.default_rng(0).normal(0.8, 0.05, (400, 400)), 0, 1),
        np.clip(np.random.default_rng(1).normal(0.5, 0.02, (900, 1200)), 0, 1),
    ],
    ids=["black", "one pixel", "grey", "gradient", "noise", "more noise"],
)
def test_a_blank_sheet_is_refused(sheet):
    with pytest.raises(InputError, match="nothing is written in this picture; give one of a"):
        to_mnist(sheet)


@pytest.mark.parametrize(
    ("grey", "message"),
    [
        (np.zeros((28, 28, 3)), r"shape \(28, 28, 3\); a matrix"),
        (np.zeros((0, 5)), r"shape \(0, 5\)"),
        (np.full((28, 28), 255), r"outside \[0, 1\]; divide"),
        (np.full((28, 28), np.nan), r"outside \[0, 1\]"),
    ],
)
def test_what_is_no_grey_picture_is_refused(grey, message):
    with pytest.raises(ValueError, match=message):
        to_mnist(grey)


# Files

MODES = {
    "L": lambda grey: grey,
    "1": lambda grey: grey.convert("1"),
    "LA": lambda grey: grey.convert("LA"),
    "P": lambda grey: grey.convert("P"),
    "RGB": lambda grey: grey.convert("RGB"),
    "RGBA": lambda grey: grey.convert("RGBA"),
    "CMYK": lambda grey: grey.convert("RGB").convert("CMYK"),
    "I;16": lambda grey: Image.fromarray(np.asarray(grey).astype(np.uint16) * 257),
    "I": lambda grey: Image.fromarray(np.asarray(grey).astype(np.int32) * 257),
    "F": lambda grey: Image.fromarray(np.asarray(grey).astype(np.float32) / 255),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_read_as_the_same_grey(mode, digits, tmp_path):
    grey = Image.fromarray(255 - enlarged(digits[0], 4))
    image = MODES[mode](grey)
    assert image.mode == mode
    image.save(tmp_path / "digit.tif")
    read = read_image(tmp_path / "digit.tif")
    assert read.dtype == np.float32 and read.shape == (112, 112)
    expected = np.asarray(image.convert("L") if mode == "1" else grey, np.float32)
    np.testing.assert_allclose(read, expected / np.float32(255), atol=0.004)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "webp", "pgm", "tif"])
def test_every_usual_format_is_read(suffix, digits, tmp_path):
    path = saved(tmp_path / f"digit.{suffix}", 255 - enlarged(digits[0], 10))
    assert distance(to_mnist(read_image(path))[:, :, 0], digits[0]) < 0.35


@pytest.mark.parametrize(
    ("ink", "paper"),
    [((255, 255, 0), (255, 255, 255)), ((200, 0, 0), (0, 102, 0)), ((0, 0, 255), (0, 0, 0))],
    ids=["yellow on white", "red on green as light", "blue on black"],
)
def test_colours_of_nearly_equal_lightness_stay_readable(ink, paper, digits, tmp_path):
    share = digits[1][:, :, None] / 255
    picture = np.round(share * ink + (1 - share) * paper).astype(np.uint8)
    read = read_image(saved(tmp_path / "digit.png", picture))
    assert np.ptp(read) > 0.6
    assert distance(to_mnist(read)[:, :, 0], digits[1]) < 0.05


@pytest.mark.parametrize("level", [0, 255])
def test_ink_on_nothing_is_read_whatever_its_colour(level, digits, tmp_path):
    picture = np.full((28, 28, 2), level, np.uint8)
    picture[:, :, 1] = digits[2]
    read = read_image(saved(tmp_path / "digit.png", picture))
    assert distance(to_mnist(read)[:, :, 0], digits[2]) < 0.02


def test_a_card_with_transparent_corners_is_read(digits, tmp_path):
    picture = np.zeros((60, 60, 4), np.uint8)
    picture[10:50, 10:50] = 250
    picture[10:50, 10:50, 3] = 255
    picture[16:44, 16:44, :3] -= np.minimum(digits[3], 250)[:, :, None]
    picture[:10, :, 3] = picture[50:, :, 3] = 255
    picture[:10, :, :3] = picture[50:, :, :3] = 250
    read = read_image(saved(tmp_path / "digit.png", picture))
    assert distance(to_mnist(read)[:, :, 0], digits[3]) < 0.03


def test_a_transparent_palette_colour_is_paper(digits, tmp_path):
    palette = Image.fromarray((digits[4] > 127).astype(np.uint8))
    palette.putpalette([0, 0, 0, 0, 0, 0])
    palette.save(tmp_path / "digit.gif", transparency=0)
    read = read_image(tmp_path / "digit.gif")
    np.testing.assert_array_equal(read, np.where(digits[4] > 127, 0, 1))


def test_the_orientation_tag_is_obeyed(digits, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    turned = np.rot90(digits[0])
    path = saved(tmp_path / "digit.png", np.ascontiguousarray(turned), exif=exif)
    np.testing.assert_array_equal(read_image(path), digits[0] / np.float32(255))


def test_the_first_frame_of_an_animation_counts(digits, tmp_path):
    first, *rest = (Image.fromarray(digit) for digit in digits[:3])
    first.save(tmp_path / "digit.gif", save_all=True, append_images=rest)
    expected = digits[0] / np.float32(255)
    np.testing.assert_allclose(read_image(tmp_path / "digit.gif"), expected, atol=0.004)


def png_header(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = b""
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        crc = struct.pack(">I", zlib.crc32(name + body))
        chunks += struct.pack(">I", len(body)) + name + body + crc
    return b"\x89PNG\r\n\x1a\n" + chunks


def cut(suffix, share):
    def contents(digits):
        file = io.BytesIO()
        noise = np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8)
        Image.fromarray(noise).save(file, suffix)
        return file.getvalue()[: int(len(file.getvalue()) * share)]

    return contents


BAD_FILES = {
    "empty": (lambda _: b"", r"is empty \(0 bytes\); give a PNG"),
    "text": (lambda _: b"three\n" * 50, "is not an image this program can read; give a PNG"),
    "svg": (lambda _: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not an image this"),
    "postscript": (lambda _: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an"),
    "signature only": (lambda _: b"\x89PNG\r\n\x1a\n", "is not an image this program can read"),
    "cut png": (cut("PNG", 0.5), "is damaged or cut short .*; save or copy it again"),
    "cut jpeg": (cut("JPEG", 0.5), "is damaged or cut short"),
    "cut tiff": (cut("TIFF", 0.5), "is damaged or cut short|is not an image"),
    "cut webp": (cut("WEBP", 0.5), "is damaged or cut short|is not an image"),
    "cut bmp": (cut("BMP", 0.5), "is damaged or cut short"),
    "zero width": (lambda _: png_header(0, 5), "has no pixels|is not an image|is damaged"),
    "7,072 squared": (lambda _: png_header(7072, 7072), "announces 7072 × 7072 pixels, more than"),
    "bomb, warned of": (lambda _: png_header(10_000, 10_000), "announces .* 50 million pixels"),
    "bomb": (lambda _: png_header(2**31 - 1, 2**31 - 1), "announces far more than the 50 million"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused_with_one_sentence(kind, digits, tmp_path):
    contents, message = BAD_FILES[kind]
    path = tmp_path / "digit.png"
    path.write_bytes(contents(digits))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=message) as caught:
            read_image(path)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_missing_files_folders_and_pipes_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist; give a PNG"):
        read_image(tmp_path / "none.png")
    with pytest.raises(InputError, match="is a folder; give a PNG"):
        read_image(tmp_path)
    with pytest.raises(InputError, match="could not be opened"):
        read_image(tmp_path / ("long" * 100))
    with pytest.raises(InputError, match=r"could not be opened|does not exist"):
        read_image("nul\0byte.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="is not a regular file"):
        read_image(tmp_path / "pipe.png")


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch, digits):
    path = saved(tmp_path / "digit.png", digits[0])

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(InputError, match="may not be read; check its permissions"):
        read_image(path)


def test_a_float_picture_with_holes_is_refused(tmp_path):
    values = np.ones((5, 5), np.float32)
    values[2, 2] = np.nan
    Image.fromarray(values).save(tmp_path / "digit.tif")
    with pytest.raises(InputError, match="infinite or not numbers"):
        read_image(tmp_path / "digit.tif")


# The answer


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(0)
    shapes = {
        "conv1_w": (5, 5, 1, 32),
        "conv2_w": (5, 5, 32, 64),
        "fc1_w": (3136, 1024),
        "fc2_w": (1024, 10),
    }
    drawn = {name: rng.normal(0, 0.05, shape) for name, shape in shapes.items()}
    drawn |= {f"{name[:-1]}b": rng.normal(0, 0.1, w.shape[-1]) for name, w in drawn.items()}
    return drawn


def test_the_forward_pass_is_the_network_of_the_book(weights, digits, tmp_path):
    image, probabilities = predict(saved(tmp_path / "digit.png", digits[0]), weights)
    np.testing.assert_array_equal(image[:, :, 0], digits[0] / np.float32(255))
    out = image[:, :, 0:1].astype(np.float64)
    for layer in ("conv1", "conv2"):
        padded = np.pad(out, ((2, 2), (2, 2), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(0, 1))
        out = np.einsum("hwcij,ijcf->hwf", windows, weights[f"{layer}_w"], optimize=True)
        out = np.maximum(out + weights[f"{layer}_b"], 0)
        out = out.reshape(out.shape[0] // 2, 2, out.shape[1] // 2, 2, -1).max(axis=(1, 3))
    hidden = np.maximum(out.ravel() @ weights["fc1_w"] + weights["fc1_b"], 0)
    logits = hidden @ weights["fc2_w"] + weights["fc2_b"]
    expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert probabilities.shape == (10,) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4)


def test_half_precision_weights_are_accepted(weights, digits, tmp_path):
    path = saved(tmp_path / "digit.png", digits[0])
    half = {name: array.astype(np.float16) for name, array in weights.items()}
    np.testing.assert_allclose(predict(path, half)[1], predict(path, weights)[1], atol=0.01)


def test_a_blank_file_is_named(weights, tmp_path):
    path = saved(tmp_path / "blank.png", np.full((50, 50), 200, np.uint8))
    with pytest.raises(InputError, match=r"blank\.png: nothing is written in this picture"):
        predict(path, weights)


def test_answering_does_not_need_tensorflow():
    code = "import sys, cnnbook.predict; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The terminal

PROBABILITIES = np.array([0, 0.001, 0, 0.7, 0, 0.25, 0, 0, 0.049, 0])


def test_the_picture_and_the_bars_stand_side_by_side(digits):
    lines = describe(digits[0] / 255, PROBABILITIES).split("\n")
    assert lines[0] == "┌" + 28 * "─" + "┐"
    assert lines[15].startswith("└" + 28 * "─" + "┘")
    assert max(map(len, lines)) <= 72
    assert sum("▶" in line for line in lines) == 1
    assert "▶ 3    70.0 %" in lines[6]
    bars = [line.count("█", 30) for line in lines[3:13]]
    assert bars[3] > 2 * bars[5] > 4 * bars[8] > 0 == bars[0]
    assert lines[-1] == "This is a 3: probability 70.0 %."


def test_each_character_shows_two_pixels():
    image = np.zeros((28, 28, 1))
    image[0, 0] = image[1, 1] = image[2:4, 2] = 1
    image[2:4, 3] = 0.5
    lines = describe(image, PROBABILITIES).split("\n")
    assert lines[1].startswith("│▀▄ ") and lines[2].startswith("│  █▒ ")


def test_plain_ascii_where_the_terminal_has_no_more(digits):
    text = describe(digits[0] / 255, PROBABILITIES, unicode=False)
    assert text.isascii() and "> 3    70.0 %  ##" in text and "#" in text.split("\n")[7]


@pytest.mark.parametrize("width", [20, 40, 56, 57, 80, 200])
def test_a_narrow_terminal_gets_the_bars_below(digits, width):
    text = describe(digits[0] / 255, PROBABILITIES, width=width)
    lines = text.split("\n")
    assert max(map(len, lines)) <= max(width, 32)
    assert ("▶" in "".join(lines[:16])) == (width >= 57)


@pytest.mark.parametrize(
    ("probability", "text"), [(1, "100.0 %"), (0.99999, "> 99.9 %"), (0.9994, "99.9 %")]
)
def test_the_nearly_certain_is_not_called_certain(probability, text):
    rest = np.full(10, (1 - probability) / 9)
    rest[4] = probability
    answer = describe(np.zeros((28, 28)), rest).split("\n")[-1]
    assert answer == f"This is a 4: probability {text}."


@pytest.mark.parametrize("change", ["inverted", "ten times larger", "compressed", "photographed"])
def test_the_published_weights_read_changed_digits(change, data, tmp_path):
    transform, _ = CHANGES[change]
    trained = load_weights(book_folder() / "results" / "article" / "weights.npz")
    right = 0
    for digit, label in zip(data.test.images[:100, :, :, 0], data.test.labels[:100], strict=True):
        picture = np.asarray(transform(np.round(digit * 255).astype(np.uint8)), np.uint8)
        _, probabilities = predict(saved(tmp_path / "digit.png", picture), trained)
        right += probabilities.argmax() == label
    assert right >= 97
