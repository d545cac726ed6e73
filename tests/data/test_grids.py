"""Pictures of many images: where each pixel comes from; and that a PNG holds what was written."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from saegim.data.grids import grid, png
from saegim.errors import DataError


def images(count, height=2, width=3, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, channels), np.uint8)


def test_every_pixel_is_a_square_and_every_group_has_its_rows():
    first, second = images(3), images(1, seed=1)
    picture = grid([first, second], 2, side=8)  # enlarged four times, one pixel between images
    assert picture.shape == (3 * 9 + 1, 2 * 13 + 1, 1)
    for image, row, column in [(first[0], 0, 0), (first[1], 0, 1), (first[2], 1, 0), (second[0], 2, 0)]:
        part = picture[row * 9 + 1 : row * 9 + 9, column * 13 + 1 : column * 13 + 13]
        np.testing.assert_array_equal(part, np.kron(image[..., 0], np.ones((4, 4), np.uint8))[..., None])
    empty = picture[10:18, 14:26], picture[19:27, 14:26]
    assert all((part == 127).all() for part in (*empty, picture[:, 0], picture[0], picture[9]))


def test_images_are_enlarged_by_a_whole_factor():
    assert grid([images(1, 8, 8)], 1).shape == (2 + 64 + 2, 2 + 64 + 2, 1)
    assert grid([images(1, 100, 70)], 1).shape == (102, 72, 1)
    assert grid([images(4, 40, 50, 3)], 4).shape == (82, 4 * 101 + 1, 3)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_png_holds_the_picture(channels):
    picture = images(1, 5, 7, channels)[0]
    content = png(picture)
    assert content == png(picture)
    with Image.open(io.BytesIO(content)) as found:
        assert found.format == "PNG"
        np.testing.assert_array_equal(np.asarray(found).reshape(picture.shape), picture)


@pytest.mark.parametrize("picture", [np.zeros((2, 2)), np.zeros((2, 2, 2), np.uint8), np.zeros((2, 2, 1), np.float32)])
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(DataError, match=r"a picture .* of 1, 3 or 4 channels in uint8 expected"):
        png(picture)
