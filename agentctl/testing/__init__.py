"""For those who extend agentctl: checks of what they wrote. No command imports this."""
