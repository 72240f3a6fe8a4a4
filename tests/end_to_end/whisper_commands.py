"""Command lines of inference_whisper.py that must succeed, and what each is given."""

# Name, arguments beside the device, and the file on standard input; {name} is one of the
# bundled samples, {dir} has those that are made. Each writes NAME.json unless it says otherwise.
SPEECH = {
    "plain": ("--audio {sentence}", None),
    "audio on stdin": ("--audio -", "{sentence}"),
    "language": ("--audio {sentence} --language English", None),
    "eager attention": ("--audio {sentence} --attn_implementation eager", None),
    "everything heard": ("--audio {sentence} --keep_silence", None),
    "no graph": ("--audio {sentence} --decode_graph off", None),
    "prompt": ("--audio {sentence} --prompt Hello.", None),
    "bfloat16": ("--audio {sentence} --dtype bfloat16", None),
    "quiet speech": ("--audio {dir}/quiet.wav", None),
    "loud speech": ("--audio {dir}/loud.wav", None),
    "a tenth of a second": ("--audio {dir}/clip.wav", None),
    "two sentences": ("--audio {two_sentences} --timestamps word", None),
    "no timestamps": ("--audio {two_sentences} --timestamps none", None),
    "stereo": ("--audio {stereo_48khz}", None),
    "telephone": ("--audio {telephone_8khz}", None),
    "noisy": ("--audio {noisy}", None),
    "numbers": ("--audio {phone_number}", None),
    "british": ("--audio {british}", None),
    "silence inside": ("--audio {silence_inside} --no_condition_on_previous_text", None),
    "talk": ("--audio {talk} --timestamps word", None),
}
NO_SPEECH = {
    name: (f"--audio {{dir}}/{name}.wav", None) for name in ("silence", "noise", "hum", "tone")
}
COMMANDS = SPEECH | NO_SPEECH
SAMPLE_OF = {
    "two sentences": "two_sentences",
    "no timestamps": "two_sentences",
    "stereo": "stereo_48khz",
    "telephone": "telephone_8khz",
    "noisy": "noisy",
    "numbers": "phone_number",
    "british": "british",
    "silence inside": "silence_inside",
    "talk": "talk",
    "chunks": "talk",
}
FORMATS = ("txt", "json", "srt", "vtt", "tsv")
# Word for word but for the device, beside a model and recordings of the published names.
PUBLISHED = {
    "published": "--model_path ./distil-large-v3 --audio sample.flac --device cpu "
    "--mode transcribe",
    "published chunks": "--model_path ./distil-large-v3 --audio long_audio.flac --device cpu "
    "--mode chunked --chunk_length 30 --batch_size 4",
}
IN_OTHER_FORMS = {
    "stdout": "--audio {sentence} --output -",
    "text on stdout": "--audio {sentence} --output - --format txt",
    "quiet": "--audio {sentence} --output quiet.srt --quiet",
    "formats": "--audio {sentence} --output_dir formats --format txt,json,srt,vtt,tsv",
    "many": "--audio {sentence} {two_sentences} {dir}/sentence.wav --output_dir many",
    "some fail": "--audio {dir}/text.wav {sentence} absent.wav --output_dir some --format txt",
    "all fail": "--audio {dir}/text.wav absent.wav --output_dir none",
}
