"""Takes conversations out of the database and in: as lossless JSON Lines, as documents to read, and from `llm`."""
