"""What is new: a log of changes that each reader goes through at its own pace, out of feeds or a hub."""
