"""What `offhook new` copies: a small agent that runs at once, to be changed into one's own."""
