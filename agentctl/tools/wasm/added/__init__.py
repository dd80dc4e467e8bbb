"""The components that the user added, and the tools that models know them by."""
