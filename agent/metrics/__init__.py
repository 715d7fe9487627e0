"""What a conversation's turn-taking is judged by: the field's published metrics and our own; all of it pure."""
