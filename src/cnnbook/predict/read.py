"""Any image file as one grey picture."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cnnbook.errors import InputError

MAX_PIXELS = 50_000_000
# A closed list: some of Pillow's other readers start programs (Ghostscript) or recognise anything.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "JPEG2000", "AVIF")
ADVICE = "give a PNG, JPEG, GIF, BMP, TIFF or WebP picture of one digit"
COLOUR_SAMPLES = 100_000


def read_image(path):
    """Read an image file as one grey picture, the way a viewer would show it.

    The first frame counts if there are several, the camera's orientation tag is obeyed, and
    transparent parts become paper. Colours become grey along the direction in which they differ
    most, so that yellow on white or red on green stays as readable as black on white.

    Parameters
    ----------
    path : str or pathlib.Path
        A PNG, JPEG, GIF, BMP, TIFF, WebP, PPM, ICO, JPEG 2000 or AVIF file of any mode and at
        most 50 million pixels.

    Returns
    -------
    ndarray of float32, shape (H, W)
        Grey values in [0, 1].

    Raises
    ------
    InputError
        The file is missing, no regular file, empty, not an image, damaged, or too large. The size
        is taken from the header, before any pixel is decoded.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; {ADVICE}.")
        if not path.exists():
            raise InputError(f"{path} does not exist; {ADVICE}.")
        if not path.is_file():
            raise InputError(f"{path} is not a regular file; {ADVICE}.")
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty (0 bytes); {ADVICE}.")
        with path.open("rb") as file:
            return _decode(file, path)
    except PermissionError:
        raise InputError(f"{path} may not be read; check its permissions.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} could not be opened ({reason}); {ADVICE}.") from None


def _decode(file, path):
    """Decode an open image file; every way Pillow has of failing becomes one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as image:
                width, height = image.size
                if width < 1 or height < 1:
                    raise InputError(f"{path} has no pixels ({width} × {height}); {ADVICE}.")
                if width * height > MAX_PIXELS:
                    raise InputError(
                        f"{path} announces {width} × {height} pixels, more than the "
                        f"{MAX_PIXELS // 1_000_000} million accepted here; scale it down first."
                    )
                return _grey(ImageOps.exif_transpose(image))
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{path} is not an image this program can read; {ADVICE}.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(
            f"{path} announces far more than the {MAX_PIXELS // 1_000_000} million pixels accepted "
            "here; scale it down first."
        ) from None
    except MemoryError:
        raise InputError(f"{path} does not fit into memory; scale it down first.") from None
    except Exception as error:
        # A damaged file can make a decoder fail anywhere: struct.error, KeyError, zlib.error, …
        raise InputError(
            f"{path} is damaged or cut short ({error}); save or copy it again."
        ) from None


def _grey(image):
    """Turn a decoded Pillow image of any mode into float32 grey values in [0, 1]."""
    if image.mode.startswith("I") or image.mode == "F":
        return _wide_grey(image)
    if image.mode in ("1", "L") and "transparency" not in image.info:
        grey = image.convert("L")
    elif image.mode == "LAB":
        grey = image.getchannel("L")
    elif image.has_transparency_data:
        grey = _on_paper(image.convert("RGBA"))
    else:
        grey = _most_contrast(image.convert("RGB"))
    return np.asarray(grey, np.float32) / np.float32(255)


def _wide_grey(image):
    """Scale grey values of 16 or 32 bits or floating point to [0, 1]."""
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("some grey values are infinite or not numbers")
    low, high = float(values.min()), float(values.max())
    full = 65535.0 if image.mode.startswith("I;16") else 1.0
    if low < 0 or high > 65535:
        return (values - low) / max(high - low, 1e-30)
    # The file does not say what white is: take the narrowest usual range that holds the values.
    if full < high:
        full = 255.0 if high <= 255 else 65535.0
    return values / np.float32(full)


def _on_paper(image):
    """Lay a picture with transparent parts on the paper its visible part suggests.

    Where most of it is transparent, what is visible is ink: the paper is white under dark ink and
    black under light ink. Where most of it is opaque, the paper is in the picture already, and the
    holes get its colour.
    """
    alpha = np.asarray(image.getchannel("A"))
    colours = image.convert("RGB")
    shown = np.asarray(colours)[alpha >= 128]
    if len(shown) == 0:
        return Image.new("L", image.size, 255)
    if 2 * len(shown) < alpha.size:
        light = np.asarray(image.convert("L"))[alpha >= 128].mean() > 127
        paper = (0, 0, 0) if light else (255, 255, 255)
    else:
        paper = tuple(int(level) for level in np.median(shown, axis=0))
    sheet = Image.new("RGB", image.size, paper)
    sheet.paste(colours, mask=image.getchannel("A"))
    return _most_contrast(sheet)


def _most_contrast(image):
    """Project an RGB picture on the first principal axis of its colours, scaled to [0, 255]."""
    sample = np.asarray(image).reshape(-1, 3)
    sample = sample[:: max(1, len(sample) // COLOUR_SAMPLES)].astype(np.float64)
    axis = np.linalg.eigh(np.cov(sample, rowvar=False, bias=True))[1][:, -1]
    axis *= np.where(axis.sum() < 0, -1.0, 1.0) / np.abs(axis).sum()
    offset = -255.0 * axis[axis < 0].sum()
    return image.convert("L", (*axis.tolist(), offset))
