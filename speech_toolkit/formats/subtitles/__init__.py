"""Subtitles that follow reading conventions: timed text -> atoms -> cues of lines -> times.

One file a stage, which ``making`` calls in turn: ``atoms`` (what is never broken, and how well
text breaks after it: ``break_costs``), ``layout`` (which atoms share a cue and a line), ``timing``
(when a cue comes and goes). ``style`` holds the conventions, ``options`` what a user asks for,
``writing`` what a text looks like. SRT, VTT and ASS are written from what comes out: ``subtitle``.
"""
