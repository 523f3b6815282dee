"""The house is in order: files, documents and options say what the code does."""
