"""Reports of many runs: what held, what did not and where, in the terminal, as JSON, JUnit XML and one page."""
