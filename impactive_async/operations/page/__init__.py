"""The page at `/`: HTML that is whole without its script, which only keeps it up to date."""
