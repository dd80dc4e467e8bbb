"""agentctl: run, price, train and serve LLM agents from the terminal."""

__version__ = "0.1.0"
