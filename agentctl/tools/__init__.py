"""What an agent can do: tools, what they may touch, and who allows it. Imports no other wing."""
