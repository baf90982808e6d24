import json

import pytest

from mpsnet_blender.shared import protocol
from mpsnet_blender.shared.protocol import Cancelled, Error, Finding, Hello, Log, Progress, ProtocolError, Result


@pytest.mark.parametrize("message", [
    Hello("backend"),
    Progress("landmarks", 12.5, 300, "frames", 97.3, 4.0, 0.25),
    Progress("world", 0, 0),
    Log("warning", "Zwei Personen, 二人\nnext line"),
    Finding("numpy", "cannot be imported", False, "Install it anew.", "setup"),
    Result("/captures/clip", "2 people"),
    Error("VideoError", "Cannot read it.", "Re-encode it.", "the log's tail", -9),
    Cancelled(),
])
def test_every_message_survives_the_pipe_as_one_line_of_ascii(message):
    line = protocol.encode(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and line.isascii()
    assert protocol.decode(line) == message


def test_the_first_message_has_version_1_and_each_end_has_its_exit_status():
    """The values by which a backend and an add-on of different versions recognise each other."""
    assert json.loads(protocol.encode(Hello("backend"))) == {"type": "hello", "program": "backend", "protocol_version": 1}
    codes = (protocol.EXIT_OK, protocol.EXIT_ERROR, protocol.EXIT_USAGE, protocol.EXIT_NOBODY_FOUND, protocol.EXIT_CANCELLED)
    assert codes == (0, 1, 2, 3, 130)


def test_fields_of_a_later_version_are_ignored():
    assert protocol.decode(b'{"type": "log", "level": "info", "message": "x", "colour": "red"}') == Log("info", "x")


@pytest.mark.parametrize("line", [
    b"", b"noise", b"\xff\xfe", b"12", b"null", b"[]", b'"log"', b"{}", b'{"type": "unknown"}', b'{"type": ["log"]}',
    b'{"type": "log"}', b'{"type": "result"}', b"[" * 100_000, b'{"type": "log", "level": "info"',
])
def test_noise_is_a_protocol_error_and_nothing_else(line):
    with pytest.raises(ProtocolError):
        protocol.decode(line)


def test_another_protocol_version_is_distinguished_from_noise():
    line = json.dumps({"type": "hello", "program": "backend", "protocol_version": protocol.PROTOCOL_VERSION + 1})
    with pytest.raises(protocol.ProtocolVersionError, match="Reinstall the extension"):
        protocol.decode(line)


def test_a_number_that_json_does_not_know_is_not_sent():
    with pytest.raises(ValueError, match="JSON compliant"):
        protocol.encode(Progress("world", float("nan"), 1))
