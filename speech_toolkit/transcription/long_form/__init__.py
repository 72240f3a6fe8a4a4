"""Files of any length -> what is heard in their windows, in batches that many files share."""
