"""The process that calls components: it is started once, and forks a child with limits for each call."""
