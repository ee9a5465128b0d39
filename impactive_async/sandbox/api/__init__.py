"""The routes of the API: thin handlers over the world."""
