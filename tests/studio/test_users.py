"""Users: names, passwords, folders."""

import unicodedata

import pytest

from impasto.errors import SettingsError
from impasto.studio.security.users import (
    check_password,
    gallery_of,
    normalize_name,
    read_users,
    user_named,
    users_of,
)

KOREAN = "김민지"


def test_without_passwords_the_only_user_has_the_whole_gallery(tmp_path):
    users = read_users(tmp_path / "all", [])
    assert users_of(users) == ("",)
    assert user_named(users, None) == ""
    assert gallery_of(users, "") == tmp_path / "all"
    assert not check_password(users, "", "")


def test_each_user_has_a_folder_and_a_password(tmp_path):
    users = read_users(tmp_path, ["anna:correct horse", f"{KOREAN}:battery: staple"])
    assert users_of(users) == ("anna", KOREAN)
    assert check_password(users, "anna", "correct horse")
    assert check_password(users, unicodedata.normalize("NFD", KOREAN), "battery: staple")
    assert not check_password(users, "anna", "battery: staple")
    assert not check_password(users, "eva", "correct horse")
    assert not check_password(users, "anna", "\ud800")
    assert gallery_of(users, "anna") == tmp_path / "anna"
    assert user_named(users, unicodedata.normalize("NFD", KOREAN)) == KOREAN
    assert (tmp_path / "anna").is_dir()


def test_a_file_has_a_line_for_each_user(tmp_path):
    file = tmp_path / "who.txt"
    file.write_text("\ufeff# us\n\nanna:correct horse\n  eva : spaces count\n", "utf-8")
    users = read_users(tmp_path, [str(file), "tom:in a third way"])
    assert users_of(users) == ("anna", "eva", "tom")
    assert check_password(users, "eva", " spaces count")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".hidden", "x.", "nul", "com1.x"])
@pytest.mark.parametrize("around", ["{}", " {} "])
def test_an_invalid_folder_name_is_refused(tmp_path, name, around):
    with pytest.raises(SettingsError, match="cannot use the name"):
        read_users(tmp_path, [around.format(name) + ":correct horse"])


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        (["secret"], "got 6 characters that are neither"),
        (["anna:short"], "has 5 characters; use at least 8"),
        (["anna:correct horse", "Anna:battery staple"], "has the name Anna twice"),
        (["a" * 41 + ":correct horse"], "cannot use the name"),
        (["a\0b:correct horse"], "cannot use the name"),
    ],
)
def test_errors_do_not_show_passwords(tmp_path, auth, message):
    with pytest.raises(SettingsError, match=message) as caught:
        read_users(tmp_path, auth)
    assert not any(part in str(caught.value) for part in ("secret", "short", "horse", "staple"))


def test_a_file_without_users_is_refused(tmp_path):
    (tmp_path / "who.txt").write_text("# nobody\n")
    with pytest.raises(SettingsError, match="names no users"):
        read_users(tmp_path, [str(tmp_path / "who.txt")])


def test_a_binary_file_is_refused(tmp_path):
    (tmp_path / "who.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(SettingsError, match="cannot read the file of --auth"):
        read_users(tmp_path, [str(tmp_path / "who.png")])


def test_an_unknown_user_has_no_folder(tmp_path):
    users = read_users(tmp_path, ["anna:correct horse"])
    for name in (None, "", "eva", "../anna"):
        with pytest.raises(SettingsError, match="no user of this name"):
            user_named(users, name)
        with pytest.raises(SettingsError, match="no user of this name"):
            gallery_of(users, name)


def test_a_name_is_normalized():
    assert normalize_name(" " + unicodedata.normalize("NFD", KOREAN)) == KOREAN
