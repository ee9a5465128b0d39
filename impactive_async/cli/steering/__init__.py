"""Commands with which people steer hubs and cursor stores: look, rewind, pause, seek, export, import."""
