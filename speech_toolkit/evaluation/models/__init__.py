"""What evaluations ask of a model, one adapter for each family."""
