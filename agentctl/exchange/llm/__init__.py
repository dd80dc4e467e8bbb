"""Imports the log of `llm` (https://llm.datasette.io): its threads, and the conversations of older versions.

A conversation becomes a session, and each message one of ours. What has no place in a message - options, schemas,
counts of tokens, durations, raw answers, where files and fragments came from - is kept beside it. Ids are made of those
of the log, so that importing it again adds what is new.

Source: `llm/migrations.py` of version 0.36, which also makes the tables of all versions before.
"""
