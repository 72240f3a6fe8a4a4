"""How far two results are apart: texts, boundaries, numbers, and how sure that is."""
