import pytest

from speech_toolkit.corpus.inputs.ids import made_id, unique_names
from speech_toolkit.corpus.item import Item


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.wav", "a"),
        ("./s1//a.b.wav", "s1/a.b"),
        ("../s1/a.wav", "a"),
        ("s1/../../a.wav", "a"),
        ("/data/a.wav", "a"),
        ("北京/一.wav", "北京/一"),
        ("a\nb.wav", "a_b"),
        ("a\udcff.wav", "a_"),
        (".wav", ".wav"),
        ("", "_"),
        ("..", "_"),
        (".", "_"),
        (" .wav", "_"),
        ("é" * 120 + ".wav", "é" * 92),
    ],
)
def test_made_ids_can_name_files(path, name):
    assert made_id(path) == name
    assert Item(name, path).id == name


def test_names_that_are_taken_are_not_given_again():
    assert unique_names(["a", "a"], ["a.wav", "a.wav"], ["A.wav"]) == ["a.wav_2", "a.wav_3"]
    assert unique_names(["a", "b"], ["a.wav", "b.wav"], ["a"]) == ["a.wav", "b"]
    assert unique_names(["a", "a", "a.wav"], ["a.wav", "a.mp3", "a.wav.ogg"]) == [
        "a.wav",
        "a.mp3",
        "a.wav_2",
    ]
