"""A transcript as typed -> words, sentences and labels of a model, with ranges in the text."""
