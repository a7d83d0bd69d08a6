"""Names, passwords, folders."""

import unicodedata

import pytest

from impasto.errors import SettingsError
from impasto.studio.security.users import (
    gallery_of,
    known_as,
    may_enter,
    read_people,
    user_named,
    users_of,
)

KOREAN = "김민지"


def test_without_passwords_there_is_one_user_whose_folder_is_the_gallery(tmp_path):
    people = read_people(tmp_path / "all", [])
    assert users_of(people) == ("",)
    assert user_named(people, None) == ""
    assert gallery_of(people, "") == tmp_path / "all"
    assert not may_enter(people, "", "")


def test_each_has_a_folder_and_a_password(tmp_path):
    people = read_people(tmp_path, ["anna:correct horse", f"{KOREAN}:battery: staple"])
    assert users_of(people) == ("anna", KOREAN)
    assert may_enter(people, "anna", "correct horse")
    assert may_enter(people, unicodedata.normalize("NFD", KOREAN), "battery: staple")
    assert not may_enter(people, "anna", "battery: staple")
    assert not may_enter(people, "eva", "correct horse")
    assert not may_enter(people, "anna", "\ud800")
    assert gallery_of(people, "anna") == tmp_path / "anna"
    assert user_named(people, unicodedata.normalize("NFD", KOREAN)) == KOREAN
    assert (tmp_path / "anna").is_dir()


def test_a_file_has_a_line_for_each(tmp_path):
    file = tmp_path / "who.txt"
    file.write_text("\ufeff# us\n\nanna:correct horse\n  eva : spaces count\n", "utf-8")
    people = read_people(tmp_path, [str(file), "tom:in a third way"])
    assert users_of(people) == ("anna", "eva", "tom")
    assert may_enter(people, "eva", " spaces count")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".hidden", "x.", "nul", "com1.x"])
@pytest.mark.parametrize("around", ["{}", " {} "])
def test_a_name_that_is_no_name_of_a_folder_is_refused(tmp_path, name, around):
    with pytest.raises(SettingsError, match="cannot use the name"):
        read_people(tmp_path, [around.format(name) + ":correct horse"])


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        (["secret"], "got a word of 6 characters"),
        (["anna:short"], "has 5 characters; take at least 8"),
        (["anna:correct horse", "Anna:battery staple"], "has the name Anna twice"),
        (["a" * 41 + ":correct horse"], "cannot use the name"),
        (["a\0b:correct horse"], "cannot use the name"),
    ],
)
def test_what_cannot_be_used_is_refused_without_showing_a_password(tmp_path, auth, message):
    with pytest.raises(SettingsError, match=message) as caught:
        read_people(tmp_path, auth)
    assert not any(part in str(caught.value) for part in ("secret", "short", "horse", "staple"))


def test_a_file_that_names_nobody_is_refused(tmp_path):
    (tmp_path / "who.txt").write_text("# nobody\n")
    with pytest.raises(SettingsError, match="names nobody"):
        read_people(tmp_path, [str(tmp_path / "who.txt")])


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "who.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(SettingsError, match="cannot read the file of --auth"):
        read_people(tmp_path, [str(tmp_path / "who.png")])


def test_a_user_who_is_not_known_has_no_folder(tmp_path):
    people = read_people(tmp_path, ["anna:correct horse"])
    for name in (None, "", "eva", "../anna"):
        with pytest.raises(SettingsError, match="does not know this name"):
            user_named(people, name)
        with pytest.raises(SettingsError, match="does not know this name"):
            gallery_of(people, name)


def test_a_name_is_kept_composed():
    assert known_as(" " + unicodedata.normalize("NFD", KOREAN)) == KOREAN
