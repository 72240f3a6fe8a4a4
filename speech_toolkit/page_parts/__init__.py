"""What the pages of reports and of a corpus are made of: elements, tables, charts, one style."""
