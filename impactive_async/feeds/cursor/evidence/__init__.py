"""What a cursor has learnt of its list beside the rows: how far it reaches, its order, what was shown before."""
