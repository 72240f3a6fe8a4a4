"""Labels that are sounds are told from letters of any script."""

import json

import pytest

from speech_toolkit.alignment.models.phonemes import sign_of_sounds
from speech_toolkit.alignment.models.registry import read_ctc_checkpoint
from speech_toolkit.errors import CheckpointError

ESPEAK = (
    "n s t ə l a i k d m ɛ ɾ e ɪ p o ɐ z ð f j v b ɹ ʁ ʊ iː r w ʌ u ɡ æ aɪ ʃ h ɔ ɑː ŋ ɚ eɪ β uː "
    "y ɑ̃ oʊ ᵻ eː θ aʊ ts oː ɔ̃ ɣ ɜ ɑ dʒ əl x ɜː ç ʒ tʃ ɔː ɑːɹ ɛ̃ ʎ ɔːɹ ʋ aː ɕ œ ø oːɹ ɲ yː ʔ iə i5 "
    "s. tɕ ?? nʲ ɛː œ̃ ɭ ɔø ʑ tʲ ɨ ɛɹ ts. rʲ ɪɹ ɭʲ i.5 ɔɪ q sʲ u5 ʊɹ iɜ a5 iɛ5 øː ʕ ja əɜ th ɑ5 oɪ"
)
GRUUT = "m l ŋ p d j ð b w ʊ ɹ s ʃ ʌ t z ʒ æ ə ɔ oʊ u n v ɑ f i k aʊ h ɛ ɡ tʃ ɚ θ ɪ aɪ ɔɪ dʒ eɪ"
TIMIT = "b d f g h i j k l m n p r s t u v w z æ ð ŋ ɑ ɔ ɛ ɝ ɪ ɹ ɾ ʃ ʊ ʌ ʒ ʔ θ ə"
ARPABET = (
    "aa ae ah aw ay b ch d dh dx eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v "
    "w y z"
)
BRITISH = "ɑ ə ɛ ɪ ŋ ɹ ʃ ʊ ʒ θ ð ɔ æ tʃ dʒ eɪ aɪ oʊ k l m n p s t v w"
PIECES = "▁th ▁a in he re ou er on ▁s st ▁w or ing ▁b a e i o u t n s"

LETTERS = {
    "English": "ETAONIHSRDLUMWCFGYPBVK'XJQZ",
    "Hindi": "ँंःअआइईउऊऋएऐऑओऔकखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह़ािीुूृेैॉोौ्क़",
    "Tamil": "அஆஇஈஉஊஎஏஐஒஓஔஃகஙசஜஞடணதநனபமயரலளழவஷஸஹாிீுூெேைொோௌ்",
    "Russian": "абвгдежзийклмнопрстуфхцчшщъыьэюяё-",
    "Azerbaijani": "abcçdeəfgğhxıijkqlmnoöprsştuüvyz",
    "Ewe": "abdɖeɛfƒgɣhiklmnŋoɔprstuʋvwxyz",
    "Kabiye": "abcdɖeɛfgɣhiɩjkĺlmnñŋoɔpqrstuʊvwyz",
    "Hausa": "abɓcdɗefghijkƙlmnorstuwyƴzʼ",
    "Pular": "abɓcdɗefghiljkmnŋɲoprstuwyƴ",
    "Dagbani": "abcdeɛfgɣhijklmnŋoɔprstuvwyzʒ'",
    "Nuu-chah-nulth": "acčhḥiƛklmnopqstuwxʔʕyz",
    "Danish": "abcdefghijklmnopqrstuvwxyzæøå",
    "Icelandic": "aábdðeéfghiíjklmnoóprstuúvxyýþæö",
    "Greek": "αβγδεζηθικλμνξοπρςστυφχψωάέήίόύώ",
    "Vietnamese": "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụvxy",
    "Thai": "กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะัาำิีึืุูเแโใไ็่้๊๋์",
    "Japanese": [
        "あ",
        "い",
        "う",
        "か",
        "が",
        "き",
        "きゃ",
        "ぎ",
        "く",
        "け",
        "こ",
        "さ",
        "し",
        "ー",
        "っ",
    ],
    "Arabic": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيًٌٍَُِّْ",
    "stray phonetic sign": [*"abcdefghijklmnopqrstuvwxyz'-àâçéèêëîïôûùüÿœæ", "ʁ"],
}


@pytest.mark.parametrize(
    ("labels", "sign"),
    [
        (ESPEAK.split(), "labels are longer than a letter: 'iː'|are phonetic signs: 'ɾ'"),
        (GRUUT.split(), "phonetic signs: 'ɹ', 'ɚ'"),
        (TIMIT.split(), "phonetic signs: 'ɝ', 'ɹ', 'ɾ'"),
        (BRITISH.split(), "phonetic signs: 'ɑ', 'ə'"),
        (ARPABET.split(), "longer than a letter: 'aa', 'ae'"),
        (PIECES.split(), "longer than a letter: '▁th', '▁a'"),
    ],
    ids=["espeak", "gruut", "TIMIT", "British", "ARPAbet", "pieces of words"],
)
def test_vocabularies_of_sounds_are_found(labels, sign):
    import re

    assert re.search(sign, sign_of_sounds(labels, {}, {}))


@pytest.mark.parametrize("language", LETTERS)
def test_letters_of_any_script_are_not(language):
    tokenizer = {"tokenizer_class": "Wav2Vec2CTCTokenizer", "do_lower_case": False}
    assert sign_of_sounds(list(LETTERS[language]), tokenizer, {"vocab_size": 32}) is None


@pytest.mark.parametrize(
    ("tokenizer", "config"),
    [
        ({"tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer"}, {}),
        ({}, {"tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer"}),
        ({"phonemizer_lang": "en-us", "phonemizer_backend": "espeak"}, {}),
        ({"do_phonemize": True}, {}),
    ],
)
def test_the_tokenizer_says_so(tokenizer, config):
    assert "tokenizer" in sign_of_sounds(list("abcdefg"), tokenizer, config)


def test_checkpoint_of_phonemes_is_refused_with_the_reason(checkpoint_directory):
    """facebook/wav2vec2-lv-60-espeak-cv-ft: letters aligned to its labels found places."""
    labels = ["<s>", "<pad>", "</s>", "<unk>", *ESPEAK.split()[:27]]
    vocabulary = {label: index for index, label in enumerate(labels)}
    (checkpoint_directory / "vocab.json").write_text(json.dumps(vocabulary))
    (checkpoint_directory / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer",
                "phone_delimiter_token": " ",
                "phonemizer_backend": "espeak",
                "phonemizer_lang": "en-us",
            }
        )
    )
    with pytest.raises(CheckpointError, match="model of phonemes .*use a checkpoint whose labels"):
        read_ctc_checkpoint(checkpoint_directory)
    (checkpoint_directory / "tokenizer_config.json").unlink()
    with pytest.raises(CheckpointError, match="phonetic signs"):
        read_ctc_checkpoint(checkpoint_directory)
