"""The effects, one a file: a file's name is its effect's name, and a new file is all that a new effect needs."""
