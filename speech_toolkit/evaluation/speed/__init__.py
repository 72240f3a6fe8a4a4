"""Latency, real-time factor, throughput and memory of a model on a device."""
