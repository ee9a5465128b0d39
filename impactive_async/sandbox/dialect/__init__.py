"""Answering as a profile says: the file format of docs/profile.md, and the dialects that ship with the sandbox."""
