"""Samples -> the regions that hold speech.

Speech stands out of what is around it, in some band of frequencies at least, and it changes from
syllable to syllable, in loudness and in spectrum. What stands out is looked for frame by frame;
what does not change is taken out again: noise, hum, tones and sweeps, however loud. A small trained
network then has a veto: what it is sure to be music or an effect for seconds is taken out, too.
When in doubt it is speech.

``bands``         samples -> levels in bands of frequency, frame by frame
``energy_rules``  levels -> how far each frame stands out, 0 outside of speech
``detector``      levels -> how likely each frame holds speech
``veto``          both -> how far each frame stands out, 0 where it is no speech
``regions``       frames -> regions with margins, parted where speech dips
``finder``        these in their order, for samples that come block by block
"""

from speech_toolkit.transcription.windows.speech.finder import SpeechFinder, find_speech
from speech_toolkit.transcription.windows.speech.regions import MARGIN_S, SpeechRegion

__all__ = ["MARGIN_S", "SpeechFinder", "SpeechRegion", "find_speech"]
