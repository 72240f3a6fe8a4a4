"""The best path through the frames of a recording: an exact CTC Viterbi search."""
