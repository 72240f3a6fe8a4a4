"""Features -> tokens: the decoder's loop, its rules, its cache and its fallback."""
