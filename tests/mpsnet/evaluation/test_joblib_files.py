import bz2
import gzip
import lzma
import pickle
import zlib
from base64 import b85decode

import numpy as np
import pytest

from backend.base.errors import DatasetError
from backend.evaluation.joblib_files import open_joblib
from backend.paper.model_sources import UnsafeModelError
from tests.hostile_pickles import Call
from tests.mpsnet.evaluation.joblib_writer import joblib_bytes

# joblib.dump(contents, compress=True) of the array below and an array of objects, by joblib itself.
BY_JOBLIB_1_5_1 = (
    b"cwUuL%Wl&^6t&}oT5X}JcuH(ohK*HF7c7w4s1gfCxTq3hg{&FdVO;#u*e*l@DJ%ksG!hH0_k0S!!H!Sh56T@sh-n0ZE8lr}X3n|i&YktkZ(42dU?k16z;j"
    b"|6`5>>JCM*n?6&F!Db<)6n72@iyt)^ok==8auY3d9340qo{bvP@S8`3NTIjBy7+=xA@_TnZv$T&@XAjTZWiSY2K)Q@oN<x^beW;?>Yy=V7fx%dbtFd~N3A"
    b"A)V$#3X%U=D_484a4NM6Gb$Ig}hxetZ*C}1~22tk8_7jb3X$zEZElh%4id8+cTUiFHf2u(wz7-F9e?D{W>td!8iF9F-ZRd@XP!P-{HHmH`!k?<kykkV}(*"
    b"RL_?PR=7Qf+@Y@~u^BQG#fXyL(=ri;$=wH#lqibVL8=~Jq-y4@tSG)w~#R<GMUh@vC;K4t#x>U2$o9lZ`Z!~>*+~N+-P}9GIvU}ZRy;aHjlNdW)F)Dn$e9"
    b"}VclZ&zSh@mu>`Xgvm|IhfEtDDYL`l9_%`lAh-xypsIYlkIi$ruScU8B>L`nXGF@AsGwst2&FAHZx-erj*MQ9V}6aTDQNQ4!`rT_1AW5x$$mSuP4UugYb;"
    b"gorkWBb`BA7dq)79iv+{T}o2Fm<UB``2t3^)Zc)Q6RR|TNgrcj7S>O?o^|g")
BY_JOBLIB_1_1_0 = (
    b"cwUWD&2G~`5cW^f7?-vQ1##sVE`g#RdO&KUN+4L|N|6w`AZyolv@VYA^-pP}B85ZRM%o+eJFmfwN8u581DJI-G_*)`<nhd|XJ@|oc06rV-?W8%5?yYcguW"
    b"Z&aUl5iaYCYy^x|@yPTVx~K18tFapba}Wq9%~!)Y31;){6vS=5K~l6Vo$bHSVSDZyK@k7X<b@n%kO8VF?0z)vzCj&l7Fe7~5$KDCw}#2Rm(iTUM)7>F)1x"
    b"&B-@j)N@JKvp3Lw{a9DAKmd7r{c0CST(S;1lCe3M}6SdD8NOT1-YP&1z6gmHeE+1YMcwYK{x3Z?QmnXdsUS_fSRv=fz&UgL1p?7$}N&k_u+K_59k#1E9iI"
    b"7AD~)a)7qeqK%e%jH&-w+pw<oj8!%=oAi}*{fY4P=Ls?VV3N4E@PjK{~N@Qo1<TFX~zZ%vxy?V7wtB<aOH;^eg<oXMtSiDUGDxWfzWDVq}WEG^X){<c<_Y"
    b"bO<O9W;@j&ERCCGcpq{*%9(+OKbMUXrQd)ic_2y(9~I<1#A3dQ@#U3%n%Gi>&ktn`w(MTMe?!bfnFg;lVLK@NzqdrDHR5D6fRD#&8X6go`lVVa;>4Hejs_"
    b"W)0Y#F4B=PW420IPrc37hw=)K_SjvRceXKLn=tWpt~0iE9Xo52`FqysI(5J)yB8E}oAfH{&+WwUf0e!8zcV%g")
CONTENTS = {
    "vid_name": np.array(["a", "a", "bb"]), "features": np.arange(12, dtype=np.float32).reshape(3, 4),
    "frame_id": np.array([1, 2, 3]), "valid": np.array([True, False, True]), "f": np.arange(6.0).reshape(2, 3),
}


@pytest.fixture
def opened(tmp_path):
    """Writes bytes to a file, opens it, and returns what `take` takes from it."""
    def opened(content, take=lambda contents: {key: np.array(contents.array(key)) for key in CONTENTS}):
        (tmp_path / "set_db.pt").write_bytes(content)
        with open_joblib(tmp_path / "set_db.pt") as contents:
            return take(contents)

    return opened


def check(arrays):
    for key, array in CONTENTS.items():
        assert arrays[key].dtype == array.dtype
        np.testing.assert_array_equal(arrays[key], array)


@pytest.mark.parametrize("content", [BY_JOBLIB_1_5_1, BY_JOBLIB_1_1_0])
def test_what_joblib_wrote_is_read(opened, content):
    packed = b85decode(content)
    check(opened(packed))
    check(opened(zlib.decompress(packed)))


@pytest.mark.parametrize("pack", [bytes, zlib.compress, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("aligned", [True, False])
def test_every_packing_is_read(opened, pack, aligned):
    check(opened(pack(joblib_bytes(CONTENTS, aligned))))


def test_the_tests_writer_writes_what_joblib_writes():
    """Byte for byte, but for the object array that ours leaves out."""
    for content, aligned in ((BY_JOBLIB_1_5_1, True), (BY_JOBLIB_1_1_0, False)):
        theirs = zlib.decompress(b85decode(content))
        ours = joblib_bytes({"vid_name": CONTENTS["vid_name"], "features": CONTENTS["features"]}, aligned)
        end = ours.index(CONTENTS["features"].tobytes())
        assert theirs[11:end] == ours[11:end]


def test_a_plain_pickle_of_arrays_is_read(opened):
    check(opened(pickle.dumps(CONTENTS)))


def test_arrays_of_objects_are_stepped_over_and_refused_only_when_asked_for(opened):
    with pytest.raises(DatasetError, match="obj holds objects"):
        opened(b85decode(BY_JOBLIB_1_5_1), lambda contents: contents.array("obj"))


def test_a_missing_key_is_named_with_what_is_there(opened):
    with pytest.raises(DatasetError, match=r"set_db.pt lacks pose; it holds f, features, frame_id, valid, vid_name"):
        opened(joblib_bytes(CONTENTS), lambda contents: contents.array("pose"))


@pytest.mark.parametrize("pack", [bytes, zlib.compress, gzip.compress])
@pytest.mark.parametrize("where", ["beside", "in objects"])
def test_a_file_that_calls_something_is_refused_and_nothing_runs(opened, tmp_path, pack, where):
    call = Call(f"touch {tmp_path / 'marker'}")
    if where == "beside":
        content = joblib_bytes(CONTENTS | {"more": call})
    else:
        # An array of objects is a pickle of its own behind its note.
        content = zlib.decompress(b85decode(BY_JOBLIB_1_5_1))
        objects = content.index(b"\x80\x05")
        content = content[:objects] + pickle.dumps(call, protocol=2) + content[objects:]
    with pytest.raises(UnsafeModelError, match=r"refused: it asks for posix.system"):
        opened(pack(content))
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("pack", [bytes, zlib.compress, gzip.compress, lzma.compress])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_an_error(opened, pack, share):
    whole = pack(joblib_bytes(CONTENTS))
    with pytest.raises(DatasetError, match="truncated, or no file"):
        opened(whole[:int(share * len(whole))])


def test_other_files_are_no_sets(opened):
    for content in (b"\0\0\0\x18ftypmp42", b"PK\x03\x04", b"text"):
        with pytest.raises(DatasetError, match="no file of joblib's"):
            opened(content)
    with pytest.raises(DatasetError, match="no dictionary"):
        opened(pickle.dumps([1, 2]))


def test_a_shape_larger_than_the_file_is_an_error_at_once(opened):
    content = joblib_bytes({"features": np.zeros((1, 2))}).replace(b"K\x01K\x02", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f")
    with pytest.raises(DatasetError, match="truncated"):
        opened(content)
