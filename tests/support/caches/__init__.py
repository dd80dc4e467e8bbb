"""What the vendors' prompt caches do, from their documents and nothing of agentctl: pure rules and a clock.

Each takes the pieces of a request with the marks on them and tells what was read, what was written, and what neither.
`server.py` puts them behind the strict fakes of `support.vendors`, which speak HTTP.
"""
