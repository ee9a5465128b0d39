"""`impactive report`: the funnel of a sequence, and the deals of the pipeline, for people and programs."""
