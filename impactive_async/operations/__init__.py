"""Operations: what a worker shows of itself to those who run it: metrics, probes and a page."""
