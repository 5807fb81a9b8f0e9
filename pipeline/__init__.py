"""How a model is made: issues in, probabilities and decisions out. Knows nothing of GitHub or of the web."""
