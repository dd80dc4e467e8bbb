"""What a component finds in place of what it is not granted: a frozen clock, a seeded generator, refusals."""
