"""Results of a corpus as training corpora that other tools read."""
