"""The power goes, or the process is killed, while a database of the first release is migrated.

By default a few hundred losses and a few kills; AGENTCTL_TEST_FULL=1 makes it thousands, and a kill at each statement.
"""
