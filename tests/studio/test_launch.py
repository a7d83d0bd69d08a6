"""Options and ports of `impasto studio`."""

import socket
import subprocess
import sys

import pytest

from impasto.cli.commands import Studio
from impasto.errors import SettingsError, StudioError
from impasto.studio.launch import PORT, address, is_loopback, open_socket, open_studio


def number(listener):
    return listener.getsockname()[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": 0}, "--port must be between 1 and 65535, got 0"),
        ({"port": 65536}, "--port must be"),
        ({"max_upload": 0}, "--max-upload must be above 0"),
        ({"max_upload": float("nan")}, "--max-upload must be above 0"),
        ({"max_pixels": 0}, "--max-pixels must be at least 1"),
        ({"host": "0.0.0.0"}, "--host 0.0.0.0 is open to other machines"),
        ({"host": "::"}, "needs a password"),
        ({"host": ""}, "--host is empty"),
        ({"host": "192.168.1.5"}, "needs a password"),
        ({"auth": ("anna",)}, "--auth expects NAME:PASSWORD"),
    ],
)
def test_options_out_of_range_are_refused(tmp_path, options, message):
    with pytest.raises(SettingsError, match=message):
        open_studio(Studio(gallery=tmp_path, **options))


def test_the_error_for_a_used_port_names_a_free_one():
    with open_socket("127.0.0.1", None) as taken:
        with pytest.raises(StudioError, match=f"port {number(taken)} is in use.*--port ") as caught:
            open_socket("127.0.0.1", number(taken))
        free = int(str(caught.value).rsplit(" ", 1)[1])
        with open_socket("127.0.0.1", free) as other:
            assert number(other) == free > number(taken)


def test_without_a_port_the_next_free_one_is_used():
    with open_socket("127.0.0.1", None) as first, open_socket("127.0.0.1", None) as second:
        assert PORT <= number(first) < number(second)
        socket.create_connection(second.getsockname(), timeout=5).close()


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid", "a" * 70, "x.."])
def test_an_address_of_another_machine_is_refused(host):
    with pytest.raises(StudioError, match=f"cannot listen on {host}"):
        open_socket(host, 8000)


def test_names_of_this_machine():
    assert is_loopback("localhost") and is_loopback("::1") and is_loopback("127.8.8.8")
    assert not is_loopback("example.com") and not is_loopback("")
    assert address("::", 1) == "http://127.0.0.1:1"
    assert address("::1", 1) == "http://[::1]:1"


def test_without_gradio_the_error_says_how_to_install_it(tmp_path):
    code = (
        "import sys; sys.modules['gradio'] = None\n"
        "from impasto.cli.main import main\n"
        f"sys.exit(main(['studio', '--gallery', {str(tmp_path)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 1
    assert 'pip install "impasto[studio]"' in done.stderr and "Traceback" not in done.stderr


def test_the_command_line_does_not_load_gradio():
    code = (
        "import sys\nfrom impasto.cli.main import main\nmain(['studio', '--help'])\n"
        "assert not {'gradio', 'fastapi', 'uvicorn', 'torch'} & {*sys.modules}"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--max-upload" in done.stdout
