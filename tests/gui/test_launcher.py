"""Opening the examples in Nengo GUI: the command and the functions behind it."""

import logging
import re
import socket
import sys
import webbrowser

import pytest
from click.testing import CliRunner

from nengo_ngc import gui
from nengo_ngc.gui import launcher
from nengo_ngc.lab import cli
from nengo_ngc.version import how_to_install


def test_command_lists_examples():
    result = CliRunner().invoke(cli.main, ["gui"])
    assert result.exit_code == 0
    for name, summary in gui.examples().items():
        assert re.search(rf"^{name} +{re.escape(summary)}$", result.output, re.MULTILINE)
    assert len(gui.examples()) >= 6


def test_command_says_which_example_was_meant(tmp_path):
    result = CliRunner().invoke(cli.main, ["gui", "ngc_digit", "--folder", tmp_path / "x"])
    assert result.exit_code == 1
    assert "did you mean 'ngc_digits'?" in result.output
    assert not (tmp_path / "x").exists()


def test_examples_are_copied_once(tmp_path):
    folder = tmp_path / "deep" / "folder"
    gui.copy_examples(folder)
    for name in gui.examples():
        assert (folder / f"{name}.py").is_file() and (folder / f"{name}.py.cfg").is_file()
    script = folder / "ngc_digits.py"
    script.write_text("edited")
    (folder / "k_winners.py").unlink()
    gui.copy_examples(folder)
    assert script.read_text() == "edited"
    assert (folder / "k_winners.py").is_file()


def test_command_starts_nengo_gui(tmp_path, monkeypatch):
    main = pytest.importorskip("nengo_gui.main")
    started = []
    # it is imported before Nengo GUI imports TensorFlow, whose notices it holds back
    monkeypatch.setattr(cli.tools, "import_module", started.append)
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(main, "main", lambda: started.append(sys.argv))
    port = str(gui.free_port())
    args = ["gui", "relaxation", "--folder", str(tmp_path), "--no-browser", "--port", port]
    result = CliRunner().invoke(cli.main, args)
    assert result.exit_code == 0, result.output
    path = tmp_path / "relaxation.py"
    options = ["--port", port, "--no-browser"]
    assert started == ["nengo_ngc.dl", ["nengo", str(path), *options]]
    assert all(
        logging.getLogger(name).level == logging.ERROR for name in ("tensorflow", "jax._src")
    )
    assert path.is_file()


def test_a_machine_without_a_browser(tmp_path, monkeypatch):
    """Nengo GUI would end with a traceback."""
    main = pytest.importorskip("nengo_gui.main")

    def get():
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", get)
    monkeypatch.setattr(sys, "argv", [])
    started = []
    monkeypatch.setattr(main, "main", lambda: started.append(sys.argv))
    gui.open_example("relaxation", tmp_path, port=gui.free_port())
    assert started[0][-1] == "--no-browser"


def test_a_port_on_which_somebody_listens_is_not_free(tmp_path):
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert gui.free_port(port) > port
        args = ["gui", "relaxation", "--folder", str(tmp_path), "--port", str(port)]
        result = CliRunner().invoke(cli.main, args)
    assert result.exit_code == 1
    assert f"port: must be a port that is free, got {port}" in result.output
    assert not any(tmp_path.iterdir())


def test_no_port_is_free(monkeypatch):
    monkeypatch.setattr(launcher, "range", lambda first, last: range(0), raising=False)
    with pytest.raises(OSError, match="no port from 65535 on is free"):
        gui.free_port(65535)


def test_command_without_nengo_gui(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nengo_gui", None)
    monkeypatch.setitem(sys.modules, "nengo_gui.main", None)
    result = CliRunner().invoke(cli.main, ["gui", "relaxation", "--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert how_to_install("gui") in result.output
    assert list(tmp_path.iterdir()) == []
