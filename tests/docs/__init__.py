"""Whether the pages say what is so: their code runs, their links lead somewhere, their names exist."""
