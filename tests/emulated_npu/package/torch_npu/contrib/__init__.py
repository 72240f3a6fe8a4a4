"""Home of transfer_to_npu."""
