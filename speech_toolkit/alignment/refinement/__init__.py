"""Where words begin and end, closer than the frames of a model tell.

A CTC model is sure of the order of letters and roughly of their times; the edges of words are not
what it was taught. So each pair of edges is weighed on a grid of ``sound.HOP_S`` around its plain
place, by a small network that is given the sound and what the model heard:

``junctures``       which edges are sought together, and between which times
``sound``           levels in bands of frequency, relative to the file itself
``evidence``        log-probabilities between frames, distances, pace, kinds of letters
``scorer``          the network, whose weights ship with the package
``products``        what keeps its arithmetic on one core
``posterior``       ends and starts that go together, with a pause or without; medians and ranges
``refining``        these in their order, block by block
``placement``       what :mod:`speech_toolkit.alignment.spans` is given, refined or not

That boundaries lie where the posteriors of neighbours cross, between frames, is from MAPS (Kelley,
Perry and Tucker, arXiv 2310.15425); that the sound near a boundary is looked at again on a finer
grid, from the fine-tuning of the Montreal Forced Aligner. Here both are evidence among others, and
what each is worth is learnt from synthesised speech, by
``tools/training/train_boundary_scorer.py``.
"""
