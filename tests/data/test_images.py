"""Images from folders and arrays: every kind of file, of any size; and hostile files, each named."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from saegim.data import images_from, read_image_files, read_images
from saegim.errors import DataError, SettingError


def picture(height=6, width=8, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def write(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Two classes of two images each, 6 x 8 in colour."""
    for number in range(4):
        write(tmp_path / f"{'cat' if number < 2 else 'dog'}/{number}.png", picture(seed=number))
    return tmp_path


# --- what is read ---


def test_a_folder_of_classes(folder):
    found = read_images(folder)
    assert found.pixels.dtype == np.uint8 and found.pixels.shape == (4, 6, 8, 3) and len(found) == 4
    assert all(np.array_equal(found.pixels[number], picture(seed=number)) for number in range(4))
    assert found.labels == ["cat", "cat", "dog", "dog"] and found.notes == [] and found.source == str(folder)
    assert found.names == [str(folder / name) for name in ("cat/0.png", "cat/1.png", "dog/2.png", "dog/3.png")]


def test_grey_images_have_one_channel(tmp_path):
    write(tmp_path / "a/1.png", picture(channels=1))
    write(tmp_path / "a/2.png", np.repeat(picture(channels=1, seed=1), 3, -1))  # in colour by its format alone
    found = read_images(tmp_path)
    assert found.pixels.shape == (2, 6, 8, 1)
    assert np.array_equal(found.pixels, np.stack([picture(channels=1), picture(channels=1, seed=1)]))


def test_the_built_in_digits(folder, monkeypatch):
    found, digits = read_images("digits"), load_digits()
    assert found.pixels.shape == (1797, 8, 8, 1) and found.labels == [str(each) for each in digits.target]
    assert np.abs(found.pixels[..., 0] / 255 - digits.images / 16).max() < 1 / 255
    assert read_images("digits", size=(4, 6, 3)).pixels.shape == (1797, 4, 6, 3)
    assert found.digest() == read_images("digits").digest() != read_images(folder).digest()
    monkeypatch.chdir(folder.parent)
    folder.rename("digits")
    assert len(read_images("./digits")) == 4


def test_a_digest_is_of_pixels_and_labels(folder):
    before = read_images(folder).digest()
    (folder / "cat/0.png").rename(folder / "cat/00.png")
    assert read_images(folder).digest() == before
    (folder / "cat").rename(folder / "bat")
    assert read_images(folder).digest() != before


@pytest.mark.parametrize(
    ("options", "tolerance"),
    [({"format": "PNG"}, 0), ({"format": "BMP"}, 0), ({"format": "TIFF"}, 0), ({"format": "PPM"}, 0),
     ({"format": "WEBP", "lossless": True}, 0), ({"format": "JPEG", "quality": 100, "subsampling": 0}, 5)],
    ids=lambda each: each.get("format") if isinstance(each, dict) else "",
)  # fmt: skip
def test_formats(tmp_path, options, tolerance):
    write(tmp_path / "a/1.PNG", picture(), **options)  # by its content, whatever its name
    assert np.abs(read_images(tmp_path).pixels[0].astype(int) - picture()).max() <= tolerance


def test_what_is_transparent_is_white(tmp_path):
    clear = np.concatenate([picture(), np.full((6, 8, 1), 255, np.uint8)], -1)
    clear[0, 0, 3], clear[1, 1, 3] = 0, 51
    write(tmp_path / "a/1.png", clear)
    palette = Image.fromarray(picture(channels=1).squeeze(-1)).convert("P")
    palette.save(tmp_path / "a/2.gif", transparency=int(np.asarray(palette)[0, 0]))
    found = read_images(tmp_path)
    assert found.pixels[0, 0, 0].tolist() == found.pixels[1, 0, 0].tolist() == [255, 255, 255]
    assert np.abs(found.pixels[0, 1, 1] - (0.2 * picture()[1, 1] + 0.8 * 255)).max() < 1.5
    assert np.array_equal(found.pixels[0, 2:], picture()[2:])
    assert found.notes == ["what is transparent in 2 images is read as white"]


def test_of_an_animation_the_first_picture(tmp_path):
    first, *rest = (Image.fromarray(picture(channels=1, seed=seed).squeeze(-1)) for seed in range(3))
    (tmp_path / "a").mkdir()
    first.save(tmp_path / "a/1.gif", save_all=True, append_images=rest)
    found = read_images(tmp_path)
    assert np.array_equal(found.pixels[0], picture(channels=1))
    assert found.notes == ["of 1 animated images the first picture is read"]


def test_the_way_a_camera_was_held(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    write(tmp_path / "a/1.png", picture(), exif=exif)
    found = read_images(tmp_path)
    assert np.array_equal(found.pixels[0], np.rot90(picture(), -1)) and found.notes == []


def test_more_than_8_bits(tmp_path):
    (tmp_path / "a").mkdir()
    values = np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000
    Image.fromarray(values).save(tmp_path / "a/1.png")
    Image.fromarray((values // 300).astype(np.int32)).save(tmp_path / "a/2.tiff")
    found = read_images(tmp_path)
    assert np.array_equal(found.pixels[..., 0], np.stack([values >> 8, values // 300]))


def test_black_and_white(tmp_path):
    (tmp_path / "a").mkdir()
    bits = picture(channels=1).squeeze(-1) > 127
    Image.fromarray(bits).save(tmp_path / "a/1.png")
    assert np.array_equal(read_images(tmp_path).pixels[0, ..., 0], bits * np.uint8(255))


# --- sizes ---


def test_mixed_sizes_become_their_median(tmp_path):
    for number, (height, width) in enumerate([(6, 8), (10, 12), (8, 10)]):
        write(tmp_path / f"a/{number}.png", picture(height, width))
    found = read_images(tmp_path)
    assert found.pixels.shape == (3, 8, 10, 3) and np.array_equal(found.pixels[2], picture(8, 10))
    assert found.notes == [
        "3 images have 3 sizes; each is brought to 8 x 10 (the median of their heights and widths, made smaller where "
        "it is large)"
    ]


def test_large_images_are_made_smaller(tmp_path):
    even = np.full((200, 400, 3), 77, np.uint8)
    write(tmp_path / "a/1.png", even)
    found = read_images(tmp_path)
    assert found.pixels.shape == (1, 32, 64, 1) and (found.pixels == 77).all()
    assert found.notes[0].startswith("all 1 images have 200 x 400 pixels; each is brought to 32 x 64 (")
    assert read_images(tmp_path, side=20).pixels.shape == (1, 10, 20, 1)
    assert read_images(tmp_path, side=1000).notes == []
    with pytest.raises(SettingError, match="side: at least 1 pixel expected, 0 given"):
        read_images(tmp_path, side=0)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_wanted_size(folder, channels):
    found = read_images(folder, size=(3, 4, channels))
    assert found.pixels.shape == (4, 3, 4, channels)
    assert found.notes == ["all 4 images have 6 x 8 pixels; each is brought to 3 x 4 (what the model reads)"]
    alone = read_image_files([folder / "dog/2.png", folder / "cat/0.png", folder / "dog/2.png"], (3, 4, channels))
    assert np.array_equal(alone, found.pixels[[2, 0, 2]])
    assert read_image_files([], (3, 4, channels)).shape == (0, 3, 4, channels)


def test_colours_as_brightness(folder):
    found = read_image_files([folder / "cat/0.png"], (6, 8, 1))[0, ..., 0]
    assert np.abs(found.astype(int) - np.asarray(Image.open(folder / "cat/0.png").convert("L"))).max() <= 1


# --- what is left out, and said ---


def test_what_is_no_image_by_name_or_place(folder):
    (folder / "notes.txt").write_text("x")
    write(folder / "loose.png", picture())
    write(folder / "cat/more/deep.png", picture())
    (folder / "cat/.hidden.png").write_text("x")
    (folder / ".cache").mkdir()
    (folder / "empty").mkdir()
    found = read_images(folder)
    assert len(found) == 4
    assert found.notes == [
        f"{folder / 'empty'} holds no images, so there is no such class",
        "3 entries were left out, no image by name or place: cat/more, loose.png, notes.txt",
    ]


def test_images_that_are_there_twice(folder):
    for name in ("cat/0.jpg", "cat/4.png", "dog/0.png"):
        write(folder / name, picture(seed=0), format="PNG")
    found = read_images(folder)
    assert found.notes == [
        f"3 of 7 images repeat an earlier one ({folder / 'cat/0.png'} is {folder / 'cat/0.jpg'}): measured on copies "
        "of what it learned from, a model looks better than it is",
        f"1 image was there with other labels, too ({folder / 'cat/0.jpg'}, {folder / 'dog/0.png'}); keep one",
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are POSIX's")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "cat/pipe.png")
    assert len(read_images(folder)) == 4
    with pytest.raises(DataError, match=r"pipe\.png: it is no file; give another image"):
        read_image_files([folder / "cat/pipe.png"], (2, 2, 1))


def huge(width, height):
    """A PNG of a few bytes that claims so many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = (struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in (header, data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


BROKEN = {
    "empty": (lambda png: b"", "it is no image of a known format"),
    "text": (lambda png: "글자입니다".encode(), "it is no image of a known format"),
    "half": (lambda png: png[: len(png) // 2], "it is broken"),
    "a changed byte": (lambda png: png[:60] + bytes([png[60] ^ 255]) + png[61:], "it is broken"),
    "no data": (lambda png: png[:33], "it is no image of a known format"),
    "huge": (lambda png: huge(30_000, 30_000), "it has more than 50,000,000 pixels"),
    "large": (lambda png: huge(10_000, 10_000), "it has 10000 x 10000 pixels, more than 50,000,000"),
    "claims more": (lambda png: huge(3_000, 3_000), "it is broken"),
    "a program": (lambda png: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is no image of a known format"),
    "no size": (lambda png: huge(0, 0), "it is "),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_named(folder, how):
    change, reason = BROKEN[how]
    path = folder / "dog/2.png"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError) as raised:
        read_images(folder)
    assert str(raised.value).startswith(f"{path}: {reason}") and "or pass --skip-bad-files" in str(raised.value)
    with pytest.raises(DataError) as raised:
        read_image_files([path], (6, 8, 3))
    assert str(raised.value).startswith(f"{path}: {reason}")
    found = read_images(folder, skip_bad_files=True)
    assert found.labels == ["cat", "cat", "dog"] and np.array_equal(found.pixels[2], picture(seed=3))
    assert found.notes[0].startswith(f"1 bad file was skipped; {path}: {reason}")


def test_nothing_but_broken_files(tmp_path):
    (tmp_path / "a").mkdir()
    for number in range(3):
        (tmp_path / f"a/{number}.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match=r"0\.jpg: it is no image .* \(the first of 3 bad files\); mend"):
        read_images(tmp_path)
    with pytest.raises(DataError, match=r"holds no image that can be used: .*0\.jpg: it is no image"):
        read_images(tmp_path, skip_bad_files=True)


def test_pixels_that_are_no_8_or_16_bits(folder):
    Image.fromarray(np.ones((6, 8), np.float32)).save(folder / "cat/0.tiff")
    with pytest.raises(DataError, match=r"0\.tiff: it has floating-point numbers where 8 or 16 bits were expected"):
        read_images(folder)
    Image.fromarray(np.full((6, 8), 1 << 20, np.int32)).save(folder / "cat/0.tiff")
    with pytest.raises(DataError, match=r"0\.tiff: it has numbers of 32 bits where 8 or 16 were expected"):
        read_images(folder)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda place: None, "does not exist"),
        (lambda place: place.write_text("x"), "is a file where a folder with a sub-folder for each class was expected"),
        (lambda place: place.mkdir(), "holds no sub-folders; put the images of each class into a sub-folder"),
        (lambda place: write(place / "1.png", picture()), "holds no sub-folders; put the images"),
        (lambda place: (place / "cat").mkdir(parents=True), "holds no sub-folders with images; put the images"),
    ],
)
def test_no_folder_of_classes(tmp_path, make, says):
    make(tmp_path / "images")
    with pytest.raises(DataError, match=says):
        read_images(tmp_path / "images")


def test_a_name_that_cannot_be():
    with pytest.raises(DataError, match="does not exist; give a folder"):
        read_images("a\0b")
    with pytest.raises(DataError, match="it does not exist; give another image"):
        read_image_files(["a\0b"], (2, 2, 1))


# --- arrays ---


@pytest.mark.parametrize(
    ("given", "shape", "dtype"),
    [
        (picture()[None], (1, 6, 8, 3), np.uint8),
        (picture(), (6, 8, 3, 1), np.uint8),  # six grey images of 8 x 3
        (np.zeros((0, 4, 4)), (0, 4, 4, 1), np.float32),
        (np.ones((2, 4, 4), bool), (2, 4, 4, 1), np.float32),
        (np.ones((2, 4, 4, 4), np.float64), (2, 4, 4, 4), np.float32),
        ([[[1.0, 2.0]], [[3.0, 4.0]]], (2, 1, 2, 1), np.float32),
        ([Image.fromarray(picture()), Image.fromarray(picture(seed=1))], (2, 6, 8, 3), np.uint8),
    ],
)
def test_arrays(given, shape, dtype):
    found = images_from(given)
    assert found.shape == shape and found.dtype == dtype
    assert np.array_equal(found.reshape(np.shape(given)), np.asarray(given))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (np.zeros((3, 64)), r"shape \(3, 64\) given"),
        (np.zeros((3, 8, 8, 2)), r"shape \(3, 8, 8, 2\) given"),
        (np.zeros((3, 0, 8)), r"shape \(3, 0, 8, 1\) given"),
        (np.zeros(3), r"shape \(3,\) given"),
        ("images", r"shape \(\) given"),
        (None, r"shape \(\) given"),
        ([np.zeros((2, 2)), np.zeros((3, 2))], "images of different sizes were given"),
        (np.zeros((3, 8, 8), np.int64), "int64 given; convert them"),
        (np.zeros((3, 8, 8), complex), "complex128 given"),
        (np.full((3, 8, 8), np.nan), "NaN or too large"),
        (np.full((3, 8, 8), 1e300), "NaN or too large"),
    ],
)
def test_arrays_that_are_no_images(given, says):
    with pytest.raises(DataError, match=says):
        images_from(given)
