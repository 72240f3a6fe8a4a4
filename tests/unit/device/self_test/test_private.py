import pytest

from speech_toolkit.device.self_test.private import without_private_paths


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/alice/.venv/lib/libtorch_npu.so: undefined", ".../libtorch_npu.so: undefined"),
        ("source /usr/local/Ascend/set_env.sh", "source /usr/local/Ascend/set_env.sh"),
        ("'/Users/bob/x y'", "'.../x y'"),
        ("/data/carol", ".../carol"),
        ("/srv/dave/cann:/opt/cann", ".../cann:/opt/cann"),
        ("a/b and 3/4", "a/b and 3/4"),
        ("npu:0", "npu:0"),
        ("/tmp", "/tmp"),
        (".../already/short", ".../already/short"),
    ],
)
def test_folders_of_users_are_left_out(text, shown):
    assert without_private_paths(text) == shown
