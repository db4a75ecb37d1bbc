"""What is done before the processes start, on a data folder that an earlier version left."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError

from routing_console import announcement, data_folder, prepare


def _demo_of_an_earlier_version(data_dir: Path) -> None:
    made = {"router_token": "rcr_secret", "workflow": "w", "environment": "production"}
    data_folder.demo_file(data_dir).write_text(json.dumps(made))


def test_demo_of_an_earlier_version__gets_the_token_file_that_is_announced(tmp_path: Path) -> None:
    _demo_of_an_earlier_version(tmp_path)
    prepare.complete_demo_files(tmp_path)
    file = data_folder.demo_token_file(tmp_path)
    assert str(file) in announcement.ready("http://127.0.0.1:8000", tmp_path)
    assert file.read_text() == "rcr_secret\n"
    assert file.stat().st_mode & 0o077 == 0


def test_token_file__that_is_there__is_left_alone(tmp_path: Path) -> None:
    _demo_of_an_earlier_version(tmp_path)
    data_folder.demo_token_file(tmp_path).write_text("rcr_given_anew\n")
    prepare.complete_demo_files(tmp_path)
    assert data_folder.demo_token_file(tmp_path).read_text() == "rcr_given_anew\n"


def test_database__that_cannot_be_reached__is_told_in_a_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reach() -> None:
        raise OperationalError("couldn't get a connection after 10.00 sec")

    settings = {"HOST": "db.example", "PORT": 5432, "NAME": "console", "PASSWORD": "secret"}
    away = SimpleNamespace(ensure_connection=reach, settings_dict=settings)
    monkeypatch.setattr(prepare, "connection", away)
    with pytest.raises(SystemExit) as ended:
        prepare.main([])
    assert ended.value.code == (
        "The database console at db.example:5432 cannot be reached: "
        "couldn't get a connection after 10.00 sec"
    )


def test_folder_without_a_demo__gets_no_token_file(tmp_path: Path) -> None:
    prepare.complete_demo_files(tmp_path)
    assert list(tmp_path.iterdir()) == []
