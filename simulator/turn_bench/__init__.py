"""`offhook bench turns`: the corpus of turn-taking, judged by the numbers that a natural conversation must reach."""
