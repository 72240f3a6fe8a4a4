"""Charts of a page, drawn as SVG."""
