"""The corpus of turn-taking: short situations, and the many calls that seeds make of them."""
