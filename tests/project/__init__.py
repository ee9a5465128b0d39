"""How the project is worked on: its commands, its root, its release."""
