"""Small Whisper checkpoints with random weights: windows of 2 s, 256 bytes as text tokens."""

import json
from dataclasses import dataclass

TASKS = ("translate", "transcribe")
LANGUAGES = ("en", "de", "zh")
WINDOW_S = 2
MEL_BINS = 8
MEL_FRAMES = 100 * WINDOW_S
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in LANGUAGES),
    *(f"<|{task}|>" for task in TASKS),
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]
IDS = {token: 256 + index for index, token in enumerate(SPECIAL)}
EOT, SOT = IDS["<|endoftext|>"], IDS["<|startoftranscript|>"]
PREV, NO_TIMESTAMPS = IDS["<|startofprev|>"], IDS["<|notimestamps|>"]
TIMESTAMP_BEGIN = NO_TIMESTAMPS + 1
VOCABULARY = TIMESTAMP_BEGIN + 50 * WINDOW_S + 1
POSITIONS = 80

CONFIG = {
    "vocab_size": VOCABULARY,
    "num_mel_bins": MEL_BINS,
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_source_positions": MEL_FRAMES // 2,
    "max_target_positions": POSITIONS,
    "decoder_start_token_id": SOT,
    "bos_token_id": EOT,
    "eos_token_id": EOT,
    "pad_token_id": EOT,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
}
GENERATION = {
    "decoder_start_token_id": SOT,
    "bos_token_id": EOT,
    "eos_token_id": EOT,
    "pad_token_id": EOT,
    "max_length": POSITIONS,
    "is_multilingual": True,
    "lang_to_id": {f"<|{code}|>": IDS[f"<|{code}|>"] for code in LANGUAGES},
    "task_to_id": {task: IDS[f"<|{task}|>"] for task in TASKS},
    "no_timestamps_token_id": NO_TIMESTAMPS,
    "prev_sot_token_id": PREV,
    "suppress_tokens": [5, 7, SOT, PREV, IDS["<|nospeech|>"], *range(SOT + 1, PREV)],
    "begin_suppress_tokens": [32, EOT],
    "max_initial_timestamp_index": 50,
    "alignment_heads": [[1, 0]],
}


def random_model(seed=0, eot_bias=0.0, **config):
    """A model whose output depends on audio and text, and mixes text, timestamps and EOT."""
    import torch
    from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(seed)
    model = WhisperForConditionalGeneration(WhisperConfig(**CONFIG | config)).eval()
    decoder = model.model.decoder
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embed_positions" not in name:
                parameter.normal_(0, 1.5 * parameter.shape[-1] ** -0.5)
        decoder.embed_positions.weight.normal_(0, 1)
        decoder.layers[0].encoder_attn.out_proj.weight.mul_(4)
        direction = decoder.layer_norm.bias.normal_(0, 0.3)
        decoder.embed_tokens.weight[TIMESTAMP_BEGIN:] *= 0.7
        decoder.embed_tokens.weight[EOT] += eot_bias * direction
    model.generation_config = GenerationConfig(**GENERATION)
    return model


def save_checkpoint(directory, model):
    """Write a whole checkpoint: weights, configs, preprocessor, tokenizer."""
    model.save_pretrained(directory)
    features = {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": MEL_BINS,
        "sampling_rate": 16000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": WINDOW_S,
    }
    (directory / "preprocessor_config.json").write_text(json.dumps(features))
    save_tokenizer(directory)
    return directory


def save_tokenizer(directory):
    """Write a tokenizer of single bytes."""
    from tokenizers.pre_tokenizers import ByteLevel

    alphabet = sorted(ByteLevel.alphabet())
    vocabulary = {symbol: index for index, symbol in enumerate(alphabet)} | {"<|endoftext|>": EOT}
    (directory / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (directory / "merges.txt").write_text("#version: 0.2\n")
    added = {
        str(index): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for token, index in IDS.items()
    }
    settings = {"tokenizer_class": "WhisperTokenizer", "added_tokens_decoder": added}
    settings |= {"unk_token": "<|endoftext|>", "bos_token": "<|endoftext|>"}
    settings |= {"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))


def generate(model, features, prompt, timestamps, monkeypatch, **options):
    """Return what transformers' own generate makes of each window: tokens up to EOT.

    Its `generate` takes a window up again after its last timestamp, as often as text comes; here
    its first pass is looked at.
    """
    from transformers import GenerationMixin

    passes = []
    whole = GenerationMixin.generate

    def record(self, *args, **kwargs):
        passes.append(whole(self, *args, **kwargs))
        return passes[-1]

    with monkeypatch.context() as patch:
        patch.setattr(GenerationMixin, "generate", record)
        model.generate(
            features,
            attention_mask=features.new_ones(features.shape[0], features.shape[2]).long(),
            language="en",
            task="transcribe",
            return_timestamps=timestamps,
            **options,
        )
    rows = getattr(passes[0], "sequences", passes[0])[:, len(prompt) :].tolist()
    return [tuple(row[: row.index(EOT)] if EOT in row else row) for row in rows]


@dataclass(frozen=True)
class Pass:
    """A window as generate took it: its first mel frame, how often it was decoded, prompt, tokens.

    Of several tries the last counts; the tokens reach up to EOT.
    """

    seek: int
    tries: int
    prompt: list[int]
    tokens: tuple[int, ...]


def generate_long(model, features_MF, monkeypatch, **options):
    """Return what each pass of transformers' long-form generate was given and made.

    Args:
        model: random.
        features_MF: of a whole recording.
        monkeypatch: pytest's.
        options: of generate.
    """
    from transformers import GenerationMixin
    from transformers.models.whisper.generation_whisper import WhisperGenerationMixin

    passes = []
    whole, cut_input = GenerationMixin.generate, WhisperGenerationMixin._get_input_segment

    def record(self, *args, decoder_input_ids, **kwargs):
        result = whole(self, *args, decoder_input_ids=decoder_input_ids, **kwargs)
        prompt = decoder_input_ids[0].tolist()
        row = getattr(result, "sequences", result)[0].tolist()[len(prompt) :]
        tokens = tuple(row[: row.index(EOT)] if EOT in row else row)
        last = passes[-1]
        passes[-1] = Pass(last.seek, last.tries + 1, prompt, tokens)
        return result

    def record_seek(input_features, seek, *args, **kwargs):
        passes.append(Pass(int(seek[0]), 0, [], ()))
        return cut_input(input_features, seek, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(GenerationMixin, "generate", record)
        patch.setattr(WhisperGenerationMixin, "_get_input_segment", staticmethod(record_seek))
        features = features_MF[None]
        model.generate(
            features,
            attention_mask=features.new_ones(1, features.shape[2]).long(),
            language="en",
            task="transcribe",
            return_timestamps=True,
            **options,
        )
    return passes
