"""Models that run inside this process: their weights, llama.cpp's server, and the provider that talks to it."""
