"""What a file is and what a component asks for and offers; nothing of it is run."""
