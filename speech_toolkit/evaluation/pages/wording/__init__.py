"""What a page says, in every language: fixed texts, sentences of reports, and numbers."""
