"""Listing the pictures of folders and lists."""

import os
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import PictureError
from impasto.images.files import write_image
from impasto.images.listing import find_pictures, is_folder_or_list, list_pictures, read_list


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deeper").mkdir()
    for i in range(5):
        image = np.full((16, 20, 3), i / 5, np.float32)
        write_image(tmp_path / ("deeper" if i > 3 else "") / f"{i}.png", image)
    return tmp_path


def test_pictures_are_listed_in_order_wherever_they_lie(folder):
    (folder / "notes.txt").write_text("no picture")
    names = [path.name for path in list_pictures(folder)]
    assert names == ["0.png", "1.png", "2.png", "3.png", "4.png"]


def test_no_folder_or_an_empty_one_is_an_error(tmp_path):
    with pytest.raises(PictureError, match="not a folder"):
        list_pictures(tmp_path / "none")
    with pytest.raises(PictureError, match="has no pictures"):
        list_pictures(tmp_path)


def test_what_is_hidden_and_folders_with_a_pictures_name_are_left_out(folder):
    (folder / "._0.png").write_bytes(b"what a Mac leaves behind")
    (folder / ".thumbnails").mkdir()
    (folder / "0.png").rename(folder / ".thumbnails" / "0.png")
    (folder / "album.png").mkdir()
    names = [path.name for path in list_pictures(folder)]
    assert names == ["1.png", "2.png", "3.png", "4.png"]


@pytest.mark.parametrize("without", ["deeper", "../{name}/deeper"])
def test_a_folder_within_can_be_left_out(folder, without):
    without = folder / without.format(name=folder.name)
    assert len(list_pictures(folder, without=without)) == 4
    assert len(list_pictures(folder, without=folder)) == 5
    assert len(list_pictures(folder, without=folder.parent)) == 5
    assert len(list_pictures(folder, without=folder / "none")) == 5


def test_patterns_leave_hidden_pictures_out(folder):
    (folder / "0.png").rename(folder / ".0.png")
    (folder / "1.png").rename(folder / "._1.png")
    names = [each.path.name for each in find_pictures([folder / "*.png"])]
    assert names == ["2.png", "3.png"]


def test_a_list_counts_from_its_own_folder(folder):
    text = "# photographs\r\n\r\n  0.png \r\ndeeper/4.png\r\n0.png\r\n/else/where.jpg\r\n"
    (folder / "list.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    paths = [folder / "0.png", folder / "deeper/4.png", Path("/else/where.jpg")]
    assert read_list(folder / "list.txt") == paths
    found = find_pictures([folder / "list.txt"])
    assert [each.path for each in found] == paths
    assert [str(each.relative) for each in found] == ["0.png", "deeper/4.png", "where.jpg"]


def test_names_that_are_no_utf_8_come_through(folder):
    name = os.fsdecode(b"caf\xe9.png")
    (folder / "list.txt").write_bytes(b"caf\xe9.png\n")
    assert read_list(folder / "list.txt") == [folder / name]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "names no pictures"),
        (b"\n# a.png\n", "names no pictures"),
        ("a.png\n".encode("utf-16"), "not text in UTF-8"),
    ],
)
def test_a_list_that_is_none_is_an_error(tmp_path, content, message):
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(PictureError, match=message):
        read_list(tmp_path / "list.txt")
    with pytest.raises(PictureError, match="cannot read the list"):
        read_list(tmp_path / "none.txt")


def test_folders_lists_and_pictures_go_together_and_each_counts_once(folder):
    (folder / "list.txt").write_text("1.png\n../other.jpg\n")
    found = find_pictures([folder / "2.png", folder / "list.txt", folder])
    assert [str(each.relative) for each in found] == [
        "2.png",
        "1.png",
        "other.jpg",
        "0.png",
        "3.png",
        "deeper/4.png",
    ]
    assert is_folder_or_list(folder) and is_folder_or_list("a/LIST.TXT")
    assert not is_folder_or_list(folder / "2.png") and not is_folder_or_list(folder / "none")
