"""Named troubles that strike in a simulation: at phones, providers, tools and on networks, each with a strength."""
