"""Model services: codecs, and the driver that runs them."""
