"""All lists of a workspace as one stream."""
