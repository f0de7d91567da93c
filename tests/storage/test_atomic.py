"""Files that are written whole or not at all, and folders that one process holds."""

import os
import signal
import subprocess
import sys

import pytest

from nengo_ngc.exceptions import FolderHeldError
from nengo_ngc.storage import atomic, locks

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")
    return path


def python(code, cwd, **kwargs):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, **kwargs
    )


# --- writing


def test_interrupted_write_leaves_the_old_file(path):
    with pytest.raises(KeyboardInterrupt), atomic.replacing(path, "wb") as file:
        file.write(b"half of")
        file.flush()
        assert len(os.listdir(path.parent)) == 2  # it is not written in place
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    assert os.listdir(path.parent) == [path.name]


def test_text_is_utf_8_whatever_the_locale(tmp_path):
    code = """
from nengo_ngc.storage import atomic
with atomic.replacing("text") as file:
    file.write("5.0 %s 0.1" % chr(177))
"""
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    python(code, tmp_path, env={**os.environ, **ascii_only}, check=True)
    assert (tmp_path / "text").read_bytes() == "5.0 ± 0.1".encode()


@posix
def test_permissions_are_those_of_other_files(path, tmp_path):
    with atomic.replacing(tmp_path / "other"):
        pass
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


@posix
def test_folder_is_synced_after_the_rename(path, monkeypatch):
    done, fsync, replace = [], os.fsync, os.replace

    def sync(descriptor):
        done.append("folder" if os.path.isdir(f"/dev/fd/{descriptor}") else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", lambda *a: (done.append("rename"), replace(*a)))
    with atomic.replacing(path) as file:
        file.write("after")
    assert done[0] == "file" and done[1] == "rename" and len(done) == 3


@posix
def test_limit_on_the_size_of_files(path):
    code = """
import resource
from nengo_ngc.storage import atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with atomic.replacing("file") as file:
    file.write(2000 * "x")
"""
    process = python(code, path.parent)
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("OSError: file could not be written: File too large; free some")
    assert path.read_text() == "before"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
def test_full_disk(path):
    with pytest.raises(OSError, match="file could not be written: No space .* try again"):
        with atomic.replacing(path), open("/dev/full", "w") as full:
            full.write("text")
    assert path.read_text() == "before"


def test_a_missing_folder_is_said_of_the_file_itself(tmp_path):
    wanted = tmp_path / "none" / "file.txt"
    with pytest.raises(FileNotFoundError) as raised, atomic.replacing(wanted):
        pytest.fail("it was opened")
    assert str(raised.value).endswith(f"'{wanted}'")


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError) as raised, atomic.replacing(tmp_path):
        pytest.fail("it was opened")
    assert str(raised.value).endswith(f"'{tmp_path}'")
    assert not [*tmp_path.parent.glob(".*.tmp")]


def test_what_was_left_behind_is_cleared(path, tmp_path):
    left = tmp_path / ".checkpoint.npz.0123abcd.tmp"
    left.write_text("half of")
    others = [tmp_path / name for name in (".hidden", "x.tmp", ".checkpoint.npz")]
    for other in others:
        other.touch()
    with atomic.replacing(path) as file:
        atomic.remove_leftovers(tmp_path)
        file.write("after")  # a process that is alive goes on
    assert not left.exists()
    assert path.read_text() == "after" and all(other.exists() for other in others)


# --- holding


def test_folder_is_held_by_one(tmp_path):
    folder = tmp_path / "deep" / "run"
    with locks.held(folder), pytest.raises(FolderHeldError) as caught, locks.held(folder):
        pytest.fail("it is held twice")
    message = str(caught.value)
    assert str(folder) in message and f"process {os.getpid()} on " in message
    assert " since 20" in message


def test_nothing_is_left_of_a_folder_without_content(tmp_path):
    with locks.held(tmp_path / "deep" / "run"):
        assert (tmp_path / "deep" / "run").is_dir()
    assert os.listdir(tmp_path) == []
    with locks.held(tmp_path / "deep" / "run"):
        (tmp_path / "deep" / "run" / "file").touch()
    assert os.listdir(tmp_path / "deep" / "run") == ["file"]


@posix
def test_folder_is_free_once_its_process_is_dead(tmp_path):
    code = """
import sys
from nengo_ngc.storage import locks
with locks.held("run"):
    print("held", flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        process.stdout.readline()
        message = f"process {process.pid} on "
        with pytest.raises(FolderHeldError, match=message), locks.held(tmp_path / "run"):
            pytest.fail("it is held twice")
        process.send_signal(signal.SIGKILL)
    assert (tmp_path / "run" / ".lock").exists()
    with locks.held(tmp_path / "run"):
        pass
    assert os.listdir(tmp_path / "run") == []


def test_folder_that_cannot_be_made(path):
    with pytest.raises(OSError), locks.held(path / "run"):
        pytest.fail("it was made")
    assert path.read_text() == "before"
