"""What a user's pip configuration changes in a set-up: where packages come from, and nothing else."""

import subprocess

import pytest

from mpsnet_blender.client.setup.pip_step import parse_settings, pip_environ
from mpsnet_blender.client.setup.python_environment import Packages, PythonEnvironment
from mpsnet_blender.shared.protocol import Log

HARMFUL = ("user", "target", "prefix", "root", "require-hashes", "constraint", "no-deps", "dry-run", "python-version")


@pytest.fixture
def harmful(tmp_path):
    """Settings by which pip installs elsewhere, something else, or nothing."""
    constraint = tmp_path / "constraints.txt"
    constraint.write_text("tinything==2.0\n")
    values = ("true", str(tmp_path / "target"), str(tmp_path / "prefix"), str(tmp_path / "root"), "true", str(constraint), "true",
              "true", "2.7")
    return dict(zip(HARMFUL, values, strict=True))


def installed_in(environment):
    python = environment.python
    script = "import tinything; print(tinything.__file__, tinything.version)"
    return subprocess.check_output([python, "-c", script], text=True).split()


def assert_installed(environment, tmp_path):
    file, version = installed_in(environment)
    assert file.startswith(str(environment.folder)) and version == "1.0"
    assert not [name for name in ("target", "prefix", "root") if (tmp_path / name).exists()]


def test_a_configuration_file_does_not_change_what_is_installed_nor_where(tmp_path, packages, run, harmful, monkeypatch):
    path = tmp_path / "pip.conf"
    path.write_text("[install]\n" + "".join(f"{key} = {value}\n" for key, value in harmful.items()))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    environment = PythonEnvironment(tmp_path, "tiny", packages())
    environment.ensure(run)
    assert_installed(environment, tmp_path)


def test_variables_of_pip_do_not_change_it_either(tmp_path, packages, run, harmful, monkeypatch):
    for key, value in harmful.items():
        monkeypatch.setenv(f"PIP_{key.upper().replace('-', '_')}", value)
    environment = PythonEnvironment(tmp_path, "tiny", packages())
    environment.ensure(run)
    assert_installed(environment, tmp_path)


def test_a_studios_source_of_packages_is_used(tmp_path, wheels, run, monkeypatch):
    path = tmp_path / "pip.conf"
    path.write_text(f"[global]\nno-index = true\n[install]\nfind-links = {wheels}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    environment = PythonEnvironment(tmp_path, "tiny", Packages("tinything==1.0\n", ("tinything",), 1, 1))
    environment.ensure(run)
    assert installed_in(environment)[1] == "1.0"


def test_a_broken_configuration_file_is_left_out_with_a_warning(tmp_path, packages, run, monkeypatch):
    path = tmp_path / "pip.conf"
    path.write_text("this is no configuration\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    PythonEnvironment(tmp_path, "tiny", packages()).ensure(run)
    assert [report.level for report in run.reported if isinstance(report, Log) and "configuration file" in report.message] == [
        "warning"]


def test_the_way_to_the_packages_is_kept_and_variables_win_over_the_command_and_the_command_over_all():
    listed = """\
:env:.proxy='http://proxy.example:3128'
download.timeout='5'
global.cert='/etc/studio.pem'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
global.index-url='https://user:secret@packages.example/simple'
global.proxy='http://other.example'
global.trusted-host='packages.example'
global.user='true'
install.timeout='60'
install.target='/elsewhere'
"""
    assert parse_settings(listed, "install") == {
        "index-url": "https://user:secret@packages.example/simple", "proxy": "http://proxy.example:3128", "timeout": "60",
        "extra-index-url": "https://one.example/simple\nhttps://two.example/simple", "cert": "/etc/studio.pem",
        "trusted-host": "packages.example"}
    assert parse_settings(listed, "download")["timeout"] == "5"


def test_pip_reads_no_configuration_file_and_no_other_variable(monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    environ = pip_environ({"index-url": "https://packages.example/simple"})
    assert {key: value for key, value in environ.items() if key.startswith("PIP_")} == {
        "PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "https://packages.example/simple"}
