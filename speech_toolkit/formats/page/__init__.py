"""A result as one page to see, hear and correct it, which loads nothing from anywhere."""
