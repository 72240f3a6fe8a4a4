from dataclasses import asdict

from speech_toolkit.evaluation.models.heard import Heard


def test_what_was_heard_outlives_json():
    heard = Heard(text="a", choices=(1, 2), windows=((1, 2, 3),), leads=(0.5, 1.0, 2.0))
    entry = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(heard).items()}
    assert Heard.from_dict(entry) == heard
